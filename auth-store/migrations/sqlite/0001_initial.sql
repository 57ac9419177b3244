-- Times are microseconds since 1970-01-01 UTC. Ids are the 16 bytes of a UUID.
-- Lists (roles, amr) are netstrings: `5:admin,6:editor,`.

CREATE TABLE auth_settings (
    id                 INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    store              BLOB    NOT NULL CHECK (length(store) = 16),
    max_token_lifetime INTEGER NOT NULL CHECK (max_token_lifetime >= 0)
) STRICT;

-- The store's identity: unique, not secret.
INSERT INTO auth_settings (id, store, max_token_lifetime) VALUES (1, randomblob(16), 0);

CREATE TABLE auth_tenants (
    id     BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    status TEXT    NOT NULL CHECK (status IN ('active', 'disabled')),
    ver    INTEGER NOT NULL CHECK (ver >= 1)
) STRICT, WITHOUT ROWID;

INSERT INTO auth_tenants (id, status, ver) VALUES (zeroblob(16), 'active', 1);

CREATE TABLE auth_users (
    tenant_id       BLOB    NOT NULL REFERENCES auth_tenants (id),
    id              BLOB    NOT NULL CHECK (length(id) = 16),
    identifier      TEXT    NOT NULL,
    identifier_norm TEXT    NOT NULL,
    password_hash   TEXT,
    status          TEXT    NOT NULL CHECK (status IN ('active', 'disabled')),
    ver             INTEGER NOT NULL CHECK (ver >= 1),
    session_epoch   INTEGER NOT NULL CHECK (session_epoch >= 1),
    roles           TEXT    NOT NULL,
    created_at      INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, identifier_norm)
) STRICT, WITHOUT ROWID;

CREATE TABLE auth_sessions (
    tenant_id       BLOB    NOT NULL,
    id              BLOB    NOT NULL CHECK (length(id) = 16),
    user_id         BLOB    NOT NULL,
    epoch           INTEGER NOT NULL,
    client_id       TEXT    NOT NULL,
    scope           TEXT    NOT NULL,
    amr             TEXT    NOT NULL,
    auth_time       INTEGER NOT NULL,
    device          TEXT,
    generation      INTEGER NOT NULL CHECK (generation BETWEEN 0 AND 4294967295),
    root            BLOB    NOT NULL CHECK (length(root) = 4),
    salt            BLOB    NOT NULL CHECK (length(salt) = 16),
    secret_hash     BLOB    NOT NULL CHECK (length(secret_hash) = 32),
    rotated_at      INTEGER NOT NULL,
    prev_rotated_at INTEGER,
    idle_expires_at INTEGER NOT NULL,
    expires_at      INTEGER NOT NULL,
    revoked_at      INTEGER,
    revoked_reason  TEXT CHECK (revoked_reason IN ('ended', 'reuse', 'conflict')),
    CHECK ((revoked_at IS NULL) = (revoked_reason IS NULL)),
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES auth_users (tenant_id, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX auth_sessions_of_user ON auth_sessions (tenant_id, user_id, epoch, auth_time)
    WHERE revoked_at IS NULL;
CREATE INDEX auth_sessions_by_expiry ON auth_sessions (expires_at);

-- AUTOINCREMENT: a sequence number is never given twice, even after its row is
-- gone; a cursor stays true.
CREATE TABLE auth_revocations (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    kind       TEXT    NOT NULL CHECK (kind IN ('session', 'user', 'tenant')),
    tenant_id  BLOB    NOT NULL CHECK (length(tenant_id) = 16),
    subject    BLOB CHECK (length(subject) = 16),
    floor      INTEGER,
    expires_at INTEGER NOT NULL,
    CHECK ((subject IS NULL) = (kind = 'tenant')),
    CHECK ((floor IS NULL) = (kind = 'session'))
) STRICT;

CREATE INDEX auth_revocations_by_expiry ON auth_revocations (expires_at);

CREATE TABLE auth_signing_keys (
    kid        TEXT    NOT NULL PRIMARY KEY,
    algorithm  TEXT    NOT NULL,
    private    BLOB    NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
