-- Attempts at passwords, by SHA-256 of the account's tenant and identifier,
-- whether there is such an account or not.
CREATE TABLE auth_attempts (
    tenant_id   BLOB    NOT NULL CHECK (length(tenant_id) = 16),
    account     BLOB    NOT NULL CHECK (length(account) = 32),
    budget      TEXT    NOT NULL,
    failures    INTEGER NOT NULL CHECK (failures >= 0),
    wait_until  INTEGER NOT NULL,
    known_until INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, account, budget)
) STRICT, WITHOUT ROWID;

CREATE INDEX auth_attempts_by_expiry ON auth_attempts (expires_at);
