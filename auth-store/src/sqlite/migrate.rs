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
