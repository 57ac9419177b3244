-- Everything here lives in the schema of the search path; the runner sets it
-- to the store's own schema for the length of the transaction.

CREATE TABLE settings (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    -- The store's own identity, drawn here and never changed.
    store uuid NOT NULL DEFAULT gen_random_uuid(),
    -- The longest that any access token lives, in microseconds.
    max_token_lifetime bigint NOT NULL DEFAULT 0 CHECK (max_token_lifetime >= 0)
);
INSERT INTO settings DEFAULT VALUES;

-- Empty after a crash, a failover, or a restore from a physical backup: all of
-- them may use transaction ids again that a reader of the log has already
-- passed. A reader that finds another life than before reads the whole log.
CREATE UNLOGGED TABLE lives (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    life uuid NOT NULL DEFAULT gen_random_uuid()
);

CREATE TABLE tenants (
    id uuid PRIMARY KEY,
    status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'disabled')),
    -- Access tokens below it are dead.
    ver bigint NOT NULL DEFAULT 1 CHECK (ver >= 1),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
INSERT INTO tenants (id) VALUES ('00000000-0000-0000-0000-000000000000');

CREATE TABLE users (
    tenant uuid NOT NULL REFERENCES tenants,
    id uuid NOT NULL,
    -- As typed, and the form that is compared.
    identifier text NOT NULL,
    -- Normalising has folded what is alike; comparing must not fold again.
    identifier_norm text COLLATE "C" NOT NULL,
    password_hash text,
    status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'disabled')),
    -- Access tokens below it are dead.
    ver bigint NOT NULL DEFAULT 1 CHECK (ver >= 1),
    -- Sessions below it are dead.
    session_epoch bigint NOT NULL DEFAULT 1 CHECK (session_epoch >= 1),
    roles text[] NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant, id),
    UNIQUE (tenant, identifier_norm)
) WITH (fillfactor = 90);

CREATE TABLE sessions (
    tenant uuid NOT NULL,
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    -- The user's session epoch when it was opened.
    epoch bigint NOT NULL,
    client_id text NOT NULL,
    scope text NOT NULL,
    amr text[] NOT NULL,
    auth_time timestamptz NOT NULL,
    device text,
    -- The current refresh token: which one it is, the root secret it was made
    -- under, the salt of its secret and the hash of it.
    generation bigint NOT NULL CHECK (generation BETWEEN 0 AND 4294967295),
    root bytea NOT NULL CHECK (octet_length(root) = 4),
    salt bytea NOT NULL CHECK (octet_length(salt) = 16),
    secret_hash bytea NOT NULL CHECK (octet_length(secret_hash) = 32),
    rotated_at timestamptz NOT NULL,
    prev_rotated_at timestamptz,
    idle_expires_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    revoked_reason text,
    PRIMARY KEY (tenant, id),
    FOREIGN KEY (tenant, user_id) REFERENCES users,
    CHECK (idle_expires_at <= expires_at),
    CHECK ((revoked_at IS NULL) = (revoked_reason IS NULL))
-- Every refresh updates its row and touches no indexed column: room on the page
-- keeps that update off the indexes.
) WITH (fillfactor = 70);
CREATE INDEX sessions_by_user ON sessions (tenant, user_id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

-- What is revoked, and for how long it must be remembered. Rows are only added
-- and, once expired, removed; they outlive the user or tenant they name.
CREATE TABLE revocations (
    tenant uuid NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    kind text NOT NULL,
    subject uuid,
    floor bigint,
    -- Who reads the log asks for what was not yet committed at the last reading.
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (tenant, id),
    CHECK (CASE kind
        WHEN 'session' THEN subject IS NOT NULL AND floor IS NULL
        WHEN 'user' THEN subject IS NOT NULL AND floor IS NOT NULL
        WHEN 'tenant' THEN subject IS NULL AND floor IS NOT NULL
        ELSE false END)
);
CREATE INDEX revocations_by_xid ON revocations (xid);
CREATE INDEX revocations_by_expiry ON revocations (expires_at);

-- Private keys, sealed under a root secret that the database never sees.
CREATE TABLE signing_keys (
    kid text COLLATE "C" PRIMARY KEY,
    algorithm text NOT NULL,
    private bytea NOT NULL,
    -- Of several instances that each find no key at all, one makes the first.
    first boolean NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE UNIQUE INDEX signing_keys_first ON signing_keys (first) WHERE first;
