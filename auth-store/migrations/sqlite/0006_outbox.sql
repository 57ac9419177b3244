-- Events in one transaction with the change they tell of. AUTOINCREMENT: a place
-- in the order is never given twice, not even after its event is published.
CREATE TABLE auth_outbox (
    seq           INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant_id     BLOB    NOT NULL CHECK (length(tenant_id) = 16),
    id            BLOB    NOT NULL CHECK (length(id) = 16),
    subject       TEXT    NOT NULL,
    source        TEXT    NOT NULL,
    kind          TEXT    NOT NULL,
    -- JSON, as it was given.
    data          TEXT    NOT NULL,
    time          INTEGER NOT NULL,
    failures      INTEGER NOT NULL DEFAULT 0 CHECK (failures >= 0),
    due_at        INTEGER NOT NULL,
    -- Which relay holds it: only said of the first of its subject.
    claimed_by    BLOB CHECK (length(claimed_by) = 16),
    claimed_until INTEGER NOT NULL DEFAULT 0,
    UNIQUE (tenant_id, id)
) STRICT;

CREATE INDEX auth_outbox_by_subject ON auth_outbox (tenant_id, subject, seq);

-- What no bus would take. It stays until somebody replays or discards it.
CREATE TABLE auth_outbox_dead (
    seq       INTEGER PRIMARY KEY,
    tenant_id BLOB    NOT NULL CHECK (length(tenant_id) = 16),
    id        BLOB    NOT NULL CHECK (length(id) = 16),
    subject   TEXT    NOT NULL,
    source    TEXT    NOT NULL,
    kind      TEXT    NOT NULL,
    data      TEXT    NOT NULL,
    time      INTEGER NOT NULL,
    failures  INTEGER NOT NULL,
    error     TEXT    NOT NULL,
    died_at   INTEGER NOT NULL
) STRICT;

CREATE INDEX auth_outbox_dead_by_id ON auth_outbox_dead (id);

-- Which events a consumer has handled.
CREATE TABLE auth_consumed (
    tenant_id  BLOB    NOT NULL CHECK (length(tenant_id) = 16),
    consumer   TEXT    NOT NULL,
    event      BLOB    NOT NULL CHECK (length(event) = 16),
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, consumer, event)
) STRICT, WITHOUT ROWID;

CREATE INDEX auth_consumed_by_expiry ON auth_consumed (expires_at);

-- Requests that must not be done twice. Neither what was asked nor what was
-- answered can be read from here: one is authenticated, the other sealed.
CREATE TABLE auth_idempotency_keys (
    tenant_id   BLOB    NOT NULL CHECK (length(tenant_id) = 16),
    route       TEXT    NOT NULL,
    key         BLOB    NOT NULL CHECK (length(key) = 32),
    fingerprint BLOB    NOT NULL CHECK (length(fingerprint) = 32),
    owner       BLOB    NOT NULL CHECK (length(owner) = 16),
    lease_until INTEGER NOT NULL,
    done        INTEGER NOT NULL DEFAULT 0 CHECK (done IN (0, 1)),
    answer      BLOB,
    expires_at  INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, route, key),
    CHECK (answer IS NULL OR done = 1)
) STRICT, WITHOUT ROWID;

CREATE INDEX auth_idempotency_keys_by_expiry ON auth_idempotency_keys (expires_at);
