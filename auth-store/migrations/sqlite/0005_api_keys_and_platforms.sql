-- API keys, and accounts at other platforms that users log in by.

CREATE TABLE auth_api_keys (
    -- Of all tenants: whoever presents a key says its id and nothing else.
    id           BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    tenant_id    BLOB    NOT NULL,
    user_id      BLOB    NOT NULL,
    name         TEXT    NOT NULL,
    scope        TEXT    NOT NULL,
    -- SHA-256 of the present secret, and of the one before it.
    hash         BLOB    NOT NULL CHECK (length(hash) = 32),
    former_hash  BLOB    CHECK (length(former_hash) = 32),
    former_until INTEGER,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,
    rotated_at   INTEGER,
    last_used_at INTEGER,
    revoked_at   INTEGER,
    CHECK ((former_hash IS NULL) = (former_until IS NULL)),
    FOREIGN KEY (tenant_id, user_id) REFERENCES auth_users (tenant_id, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX auth_api_keys_of_tenant ON auth_api_keys (tenant_id, id);
CREATE INDEX auth_api_keys_of_user ON auth_api_keys (tenant_id, user_id, id);

CREATE TABLE auth_platform_accounts (
    tenant_id   BLOB    NOT NULL,
    platform    TEXT    NOT NULL CHECK (platform <> ''),
    external_id TEXT    NOT NULL CHECK (external_id <> ''),
    user_id     BLOB    NOT NULL,
    linked_at   INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, platform, external_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES auth_users (tenant_id, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX auth_platform_accounts_of_user
    ON auth_platform_accounts (tenant_id, user_id, platform, external_id);

-- A check cannot be altered, so the table is made again; its sequence goes on
-- where it was, or cursors would be from beyond the end.
CREATE TABLE auth_revocations_3 (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    kind       TEXT    NOT NULL CHECK (kind IN ('session', 'api_key', 'user', 'tenant', 'signing_key')),
    tenant_id  BLOB    NOT NULL CHECK (length(tenant_id) = 16),
    subject    BLOB CHECK (length(subject) = 16),
    floor      INTEGER,
    thumbprint BLOB CHECK (length(thumbprint) = 32),
    expires_at INTEGER NOT NULL,
    CHECK ((subject IS NOT NULL) = (kind IN ('session', 'api_key', 'user'))),
    CHECK ((floor IS NOT NULL) = (kind IN ('user', 'tenant'))),
    CHECK ((thumbprint IS NOT NULL) = (kind = 'signing_key'))
) STRICT;

INSERT INTO auth_revocations_3 (seq, kind, tenant_id, subject, floor, thumbprint, expires_at)
    SELECT seq, kind, tenant_id, subject, floor, thumbprint, expires_at FROM auth_revocations;
DELETE FROM sqlite_sequence WHERE name = 'auth_revocations_3';
INSERT INTO sqlite_sequence (name, seq)
    SELECT 'auth_revocations_3', seq FROM sqlite_sequence WHERE name = 'auth_revocations';
DROP TABLE auth_revocations;
ALTER TABLE auth_revocations_3 RENAME TO auth_revocations;

CREATE INDEX auth_revocations_by_expiry ON auth_revocations (expires_at);
