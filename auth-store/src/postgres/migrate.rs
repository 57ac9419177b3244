//! Bringing the schema up to date.
//!
//! A runner of our own: sqlx's locks by a number that the application's own
//! migrations use too, wants the right to create schemas even when there is
//! nothing to create, and does not do all steps in one transaction.

use std::collections::BTreeMap;
use std::fmt::Write;

use sqlx::migrate::Migration;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};

use super::connect_error::ConnectError;
use super::error::{Intent, failed};
use super::schema::Schema;
use crate::sql;

/// In order; the first is version 1. A step that was published never changes.
const STEPS: &[(&str, &str)] = &[
    (
        "initial",
        include_str!("../../migrations/postgres/0001_initial.sql"),
    ),
    (
        "attempts",
        include_str!("../../migrations/postgres/0002_attempts.sql"),
    ),
    (
        "key life",
        include_str!("../../migrations/postgres/0003_key_life.sql"),
    ),
    (
        "password policy",
        include_str!("../../migrations/postgres/0004_password_policy.sql"),
    ),
    (
        "api keys and platforms",
        include_str!("../../migrations/postgres/0005_api_keys_and_platforms.sql"),
    ),
    (
        "outbox",
        include_str!("../../migrations/postgres/0006_outbox.sql"),
    ),
];

/// Brings the schema up to date; safe when several instances start at once.
pub(super) async fn run(
    connection: &mut PgConnection,
    schema: &Schema,
) -> Result<(), ConnectError> {
    // Without a lock or a right to change anything, for every start but one.
    if missing(applied(connection, schema).await?)?.is_empty() {
        return Ok(());
    }
    let mut transaction = connection.begin().await.map_err(failing)?;
    sqlx::raw_sql(AssertSqlSafe(prelude(schema)))
        .execute(&mut *transaction)
        .await
        .map_err(failing)?;
    for step in missing(applied(&mut transaction, schema).await?)? {
        let failing = |error| ConnectError::Migration {
            version: step.version,
            source: failed(error, Intent::Write),
        };
        let script = format!("{}{}", step.sql.as_str(), record(&step));
        sqlx::raw_sql(AssertSqlSafe(script))
            .execute(&mut *transaction)
            .await
            .map_err(failing)?;
    }
    transaction.commit().await.map_err(failing)
}

/// Refuses a schema that is not up to date.
pub(super) async fn check(
    connection: &mut PgConnection,
    schema: &Schema,
) -> Result<(), ConnectError> {
    match missing(applied(connection, schema).await?)?.first() {
        None => Ok(()),
        Some(step) => Err(ConnectError::Outdated {
            version: step.version,
        }),
    }
}

/// Each step as a script of its own.
pub(super) fn scripts(schema: &Schema) -> Vec<String> {
    steps()
        .iter()
        .map(|step| {
            format!(
                "BEGIN;\n{}{}{}COMMIT;\n",
                prelude(schema),
                step.sql.as_str(),
                record(step)
            )
        })
        .collect()
}

/// One instance at a time; the names in the steps mean our schema. While a step
/// waits for a table, everybody who uses it waits behind it: not for long, then it
/// fails, changes nothing, and is run again at the next start.
fn prelude(schema: &Schema) -> String {
    let schema = schema.name();
    format!(
        "SELECT pg_advisory_xact_lock(hashtextextended('auth-store schema {schema}', 0));\n\
         DO $$ BEGIN IF to_regnamespace('\"{schema}\"') IS NULL THEN CREATE SCHEMA \"{schema}\"; END IF; END $$;\n\
         SET LOCAL lock_timeout = '3s';\n\
         SET LOCAL search_path TO \"{schema}\";\n\
         CREATE TABLE IF NOT EXISTS migrations (\n    \
             version bigint PRIMARY KEY,\n    \
             name text NOT NULL,\n    \
             checksum bytea NOT NULL,\n    \
             applied_at timestamptz NOT NULL DEFAULT clock_timestamp()\n);\n"
    )
}

fn record(step: &Migration) -> String {
    let checksum = step.checksum.iter().fold(String::new(), |mut hex, byte| {
        // Writing to a string does not fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    format!(
        "\nINSERT INTO migrations (version, name, checksum) VALUES ({}, '{}', '\\x{checksum}');\n",
        step.version, step.description
    )
}

fn steps() -> Vec<Migration> {
    sql::migrator("migrations", STEPS).migrations.into_owned()
}

/// The steps that have not run.
fn missing(mut applied: BTreeMap<i64, Vec<u8>>) -> Result<Vec<Migration>, ConnectError> {
    let mut missing = Vec::new();
    for step in steps() {
        match applied.remove(&step.version) {
            None => missing.push(step),
            Some(checksum) if checksum == *step.checksum => {}
            Some(_) => {
                return Err(ConnectError::Altered {
                    version: step.version,
                });
            }
        }
    }
    match applied.keys().next_back() {
        None => Ok(missing),
        Some(version) => Err(ConnectError::Newer { version: *version }),
    }
}

/// The checksum of each step that has run.
async fn applied(
    connection: &mut PgConnection,
    schema: &Schema,
) -> Result<BTreeMap<i64, Vec<u8>>, ConnectError> {
    let table = format!("\"{}\".migrations", schema.name());
    let exists: bool = sqlx::query_scalar("SELECT to_regclass($1) IS NOT NULL")
        .bind(&table)
        .fetch_one(&mut *connection)
        .await
        .map_err(failing)?;
    if !exists {
        return Ok(BTreeMap::new());
    }
    let rows = sqlx::query(schema.qualify("SELECT m.version, m.checksum FROM auth.migrations m"))
        .fetch_all(connection)
        .await
        .map_err(failing)?;
    rows.iter()
        .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
        .collect::<Result<_, _>>()
        .map_err(failing)
}

fn failing(error: sqlx::Error) -> ConnectError {
    ConnectError::Failed(failed(error, Intent::Write))
}
