-- API keys, and accounts at other platforms that users log in by.
-- New tables, which nobody waits for; but what refers to users must have that
-- table without writers for a moment, and rows of the log may be of a new kind.
SET LOCAL lock_timeout = '3s';

CREATE TABLE api_keys (
    -- Of all tenants: whoever presents a key says its id and nothing else.
    id uuid PRIMARY KEY,
    tenant uuid NOT NULL,
    user_id uuid NOT NULL,
    name text NOT NULL,
    scope text NOT NULL,
    -- SHA-256 of the present secret, and of the one before it.
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    former_hash bytea CHECK (octet_length(former_hash) = 32),
    former_until timestamptz,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    rotated_at timestamptz,
    last_used_at timestamptz,
    revoked_at timestamptz,
    FOREIGN KEY (tenant, user_id) REFERENCES users,
    CHECK ((former_hash IS NULL) = (former_until IS NULL))
-- A note of its last use touches no indexed column: room on the page keeps it
-- off the indexes.
) WITH (fillfactor = 80);
CREATE INDEX api_keys_by_tenant ON api_keys (tenant, id);
CREATE INDEX api_keys_by_user ON api_keys (tenant, user_id, id);

CREATE TABLE platform_accounts (
    tenant uuid NOT NULL,
    -- Compared byte for byte: what differs at the platform differs here.
    platform text COLLATE "C" NOT NULL CHECK (platform <> ''),
    external_id text COLLATE "C" NOT NULL CHECK (external_id <> ''),
    user_id uuid NOT NULL,
    linked_at timestamptz NOT NULL,
    PRIMARY KEY (tenant, platform, external_id),
    FOREIGN KEY (tenant, user_id) REFERENCES users
);
CREATE INDEX platform_accounts_by_user ON platform_accounts (tenant, user_id, platform, external_id);

-- The rows that are there are not looked at: none is of the new kind. Instances
-- of the version before do not read that kind, so no API key is to be revoked
-- before the last of them is gone.
ALTER TABLE revocations DROP CONSTRAINT revocations_check;
ALTER TABLE revocations ADD CONSTRAINT revocations_check CHECK (CASE kind
    WHEN 'session' THEN subject IS NOT NULL AND floor IS NULL AND thumbprint IS NULL
    WHEN 'api_key' THEN subject IS NOT NULL AND floor IS NULL AND thumbprint IS NULL
    WHEN 'user' THEN subject IS NOT NULL AND floor IS NOT NULL AND thumbprint IS NULL
    WHEN 'tenant' THEN subject IS NULL AND floor IS NOT NULL AND thumbprint IS NULL
    WHEN 'signing_key' THEN subject IS NULL AND floor IS NULL
        AND octet_length(thumbprint) = 32 AND expires_at = 'infinity'
    ELSE false END) NOT VALID;
