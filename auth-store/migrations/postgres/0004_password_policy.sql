-- Under which rules a password was chosen. No row is rewritten or looked at, so
-- this may run beside instances of the version before. It has to have the table
-- to itself for a moment; while it waits for that, everybody waits behind it. Not
-- for long: then it fails and changes nothing, and is run again at the next start.
SET LOCAL lock_timeout = '3s';

ALTER TABLE users
    -- NULL where nobody has checked it: imported, or from before this.
    ADD COLUMN password_policy smallint,
    -- Not looked for in the rows that are there: they have none.
    ADD CONSTRAINT users_password_policy CHECK (password_policy >= 1) NOT VALID;
