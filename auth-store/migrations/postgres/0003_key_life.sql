-- Signing keys take turns, and can be revoked for ever.

ALTER TABLE signing_keys
    -- In the order in which they were stored. Who stores a key takes the number
    -- after the last one's; of several who saw the same last one, one can.
    ADD COLUMN turn bigint,
    -- When its turn to sign begins.
    ADD COLUMN active_at timestamptz,
    ADD COLUMN revoked_at timestamptz;
UPDATE signing_keys k SET active_at = k.created_at, turn = n.turn
    FROM (SELECT o.kid, row_number() OVER (ORDER BY o.created_at, o.kid) AS turn FROM signing_keys o) n
    WHERE n.kid = k.kid;
ALTER TABLE signing_keys
    ALTER COLUMN turn SET NOT NULL,
    ALTER COLUMN active_at SET NOT NULL,
    ADD CONSTRAINT signing_keys_turn UNIQUE (turn),
    DROP COLUMN first;

-- A revoked signing key is nobody's own: its tenant is the default one. Its row
-- never expires.
ALTER TABLE revocations ADD COLUMN thumbprint bytea;
ALTER TABLE revocations DROP CONSTRAINT revocations_check;
ALTER TABLE revocations ADD CONSTRAINT revocations_check CHECK (CASE kind
    WHEN 'session' THEN subject IS NOT NULL AND floor IS NULL AND thumbprint IS NULL
    WHEN 'user' THEN subject IS NOT NULL AND floor IS NOT NULL AND thumbprint IS NULL
    WHEN 'tenant' THEN subject IS NULL AND floor IS NOT NULL AND thumbprint IS NULL
    WHEN 'signing_key' THEN subject IS NULL AND floor IS NULL
        AND octet_length(thumbprint) = 32 AND expires_at = 'infinity'
    ELSE false END);
