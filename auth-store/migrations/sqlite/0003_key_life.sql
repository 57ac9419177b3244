-- Signing keys take turns, and can be revoked for ever.

ALTER TABLE auth_signing_keys RENAME TO auth_signing_keys_1;

CREATE TABLE auth_signing_keys (
    -- In the order in which they were stored.
    turn       INTEGER NOT NULL PRIMARY KEY,
    kid        TEXT    NOT NULL UNIQUE,
    algorithm  TEXT    NOT NULL,
    private    BLOB    NOT NULL,
    created_at INTEGER NOT NULL,
    -- When its turn to sign begins.
    active_at  INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT;

INSERT INTO auth_signing_keys (turn, kid, algorithm, private, created_at, active_at)
    SELECT row_number() OVER (ORDER BY created_at, kid), kid, algorithm, private, created_at, created_at
    FROM auth_signing_keys_1;
DROP TABLE auth_signing_keys_1;

-- A revoked signing key is nobody's own: its tenant is the default one. Its row
-- never expires. A check cannot be altered, so the table is made again; its
-- sequence goes on where it was, or cursors would be from beyond the end.
CREATE TABLE auth_revocations_2 (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    kind       TEXT    NOT NULL CHECK (kind IN ('session', 'user', 'tenant', 'signing_key')),
    tenant_id  BLOB    NOT NULL CHECK (length(tenant_id) = 16),
    subject    BLOB CHECK (length(subject) = 16),
    floor      INTEGER,
    thumbprint BLOB CHECK (length(thumbprint) = 32),
    expires_at INTEGER NOT NULL,
    CHECK ((subject IS NOT NULL) = (kind IN ('session', 'user'))),
    CHECK ((floor IS NOT NULL) = (kind IN ('user', 'tenant'))),
    CHECK ((thumbprint IS NOT NULL) = (kind = 'signing_key'))
) STRICT;

INSERT INTO auth_revocations_2 (seq, kind, tenant_id, subject, floor, expires_at)
    SELECT seq, kind, tenant_id, subject, floor, expires_at FROM auth_revocations;
DELETE FROM sqlite_sequence WHERE name = 'auth_revocations_2';
INSERT INTO sqlite_sequence (name, seq)
    SELECT 'auth_revocations_2', seq FROM sqlite_sequence WHERE name = 'auth_revocations';
DROP TABLE auth_revocations;
ALTER TABLE auth_revocations_2 RENAME TO auth_revocations;

CREATE INDEX auth_revocations_by_expiry ON auth_revocations (expires_at);
