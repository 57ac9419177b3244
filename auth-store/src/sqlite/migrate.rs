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
    (
        "password policy",
        include_str!("../../migrations/sqlite/0004_password_policy.sql"),
    ),
    (
        "api keys and platforms",
        include_str!("../../migrations/sqlite/0005_api_keys_and_platforms.sql"),
    ),
    (
        "outbox",
        include_str!("../../migrations/sqlite/0006_outbox.sql"),
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

    use auth_core::PolicyVersion;

    use super::super::row::user_record;
    use super::*;
    use crate::error::StoreErrorKind;

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

    #[tokio::test]
    async fn c78_who_was_there_before_versions_were_kept_has_none() {
        let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        sql::migrator("auth_migrations", &STEPS[..3])
            .run(&mut connection)
            .await
            .unwrap();
        let old = "INSERT INTO auth_users VALUES
            (zeroblob(16), zeroblob(16), 'old', 'old', 'hash', 'active', 1, 1, '', 7)";
        sqlx::raw_sql(old).execute(&mut connection).await.unwrap();
        run(&mut connection, Path::new("x")).await.unwrap();
        let mut store = async |sql: &'static str| {
            let stored = sqlx::raw_sql(sql).execute(&mut connection).await.is_ok();
            let row = sqlx::query("SELECT *, id AS user_id, 1 AS tenant_active FROM auth_users")
                .fetch_one(&mut connection)
                .await
                .unwrap();
            (
                stored,
                user_record(&row).map(|found| found.user.password_policy),
            )
        };
        let (_, before) = store("").await;
        assert_eq!(before.unwrap(), None);
        for none in [
            "UPDATE auth_users SET password_policy = 0",
            "UPDATE auth_users SET password_policy = 32768",
        ] {
            assert!(!store(none).await.0, "{none}");
        }
        let (_, last) = store("UPDATE auth_users SET password_policy = 32767").await;
        assert_eq!(last.unwrap(), PolicyVersion::new(i16::MAX));
        // By whoever looks at nothing.
        let _ = store("PRAGMA ignore_check_constraints = ON").await;
        for none in [
            "UPDATE auth_users SET password_policy = 0",
            "UPDATE auth_users SET password_policy = -1",
            "UPDATE auth_users SET password_policy = 65537",
        ] {
            let (stored, read) = store(none).await;
            assert!(stored, "{none}");
            assert_eq!(read.unwrap_err().kind(), StoreErrorKind::Corrupt, "{none}");
        }
    }
}
