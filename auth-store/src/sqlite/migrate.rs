//! Brings the schema up to date. Our tables begin with `auth_` and live beside
//! the application's own.

use std::path::Path;

use sqlx::SqliteConnection;

use super::error::OpenError;
use crate::sql;

/// Never edited once released, only added to.
const STEPS: &[(&str, &str)] = &[
    (
        "initial",
        include_str!("../../migrations/sqlite/0001_initial.sql"),
    ),
    (
        "attempts",
        include_str!("../../migrations/sqlite/0002_attempts.sql"),
    ),
    (
        "key life",
        include_str!("../../migrations/sqlite/0003_key_life.sql"),
    ),
];

/// Runs what has not been run; refuses a schema that is newer than this build,
/// and a file that could only be read.
pub(super) async fn run(connection: &mut SqliteConnection, path: &Path) -> Result<(), OpenError> {
    sql::migrator("auth_migrations", STEPS)
        .run(&mut *connection)
        .await
        .map_err(|error| OpenError::migrate(path, error))?;
    // SQLite opens what it cannot write for reading, and BEGIN IMMEDIATE does
    // not object.
    sqlx::query("BEGIN; UPDATE auth_settings SET id = id; ROLLBACK")
        .execute(connection)
        .await
        .map_err(|error| OpenError::sqlite(path, error))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use sqlx::{Connection, Row};

    use super::*;

    /// What the first version wrote goes on under the second.
    #[tokio::test]
    async fn an_old_file_keeps_its_keys_and_its_log() {
        let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        sql::migrator("auth_migrations", &STEPS[..1])
            .run(&mut connection)
            .await
            .unwrap();
        let old = "INSERT INTO auth_signing_keys VALUES ('kid', 'EdDSA', x'01', 7000000);
            INSERT INTO auth_revocations (kind, tenant_id, subject, expires_at)
                VALUES ('session', zeroblob(16), zeroblob(16), 9), ('session', zeroblob(16), zeroblob(16), 8);
            DELETE FROM auth_revocations WHERE expires_at = 8";
        sqlx::raw_sql(old).execute(&mut connection).await.unwrap();
        for _ in 0..2 {
            run(&mut connection, Path::new("x")).await.unwrap();
        }
        let key = sqlx::query("SELECT turn, kid, active_at, revoked_at FROM auth_signing_keys")
            .fetch_one(&mut connection)
            .await
            .unwrap();
        assert_eq!((key.get::<i64, _>(0), key.get::<&str, _>(1)), (1, "kid"));
        assert_eq!((key.get::<i64, _>(2), key.get(3)), (7_000_000, None::<i64>));
        // A cursor may stand at the row that is gone: the next one comes after.
        let new = "INSERT INTO auth_revocations (kind, tenant_id, thumbprint, expires_at)
            VALUES ('signing_key', zeroblob(16), zeroblob(32), 9) RETURNING seq";
        let seq: i64 = sqlx::query_scalar(new)
            .fetch_one(&mut connection)
            .await
            .unwrap();
        assert_eq!(seq, 3);
        let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM auth_revocations")
            .fetch_one(&mut connection)
            .await
            .unwrap();
        assert_eq!(rows, 2);
    }
}
