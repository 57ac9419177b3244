-- Under which rules a password was chosen; NULL where nobody has checked it:
-- imported, or from before this.

ALTER TABLE auth_users ADD COLUMN password_policy INTEGER
    CHECK (password_policy BETWEEN 1 AND 32767);
