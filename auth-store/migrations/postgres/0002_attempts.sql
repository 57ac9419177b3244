-- Attempts at passwords, by SHA-256 of the account's tenant and identifier,
-- whether there is such an account or not.
CREATE TABLE attempts (
    tenant uuid NOT NULL,
    account bytea NOT NULL CHECK (octet_length(account) = 32),
    -- A network, or 'device', 'session', 'others'.
    budget text COLLATE "C" NOT NULL,
    failures integer NOT NULL CHECK (failures >= 0),
    wait_until timestamptz NOT NULL,
    known_until timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (tenant, account, budget)
);
CREATE INDEX attempts_by_expiry ON attempts (expires_at);
