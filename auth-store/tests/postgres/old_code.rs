//! While a new version is rolled out, instances of the one before go on with the
//! schema that the first of the new ones has made.

use auth_store::{ConnectError, PgStore};
use auth_testkit::servers;
use sqlx::{AssertSqlSafe, Executor, PgConnection, SqlSafeStr};

use super::support::{builder, connection, run, schema, value};

/// What the store sent when its schema had version 4, a statement a line; where
/// the driver said of what type a parameter is, the text says it.
const STATEMENTS: &str = include_str!("version_4.sql");
const VERSION: usize = 4;

async fn understands(beside: &mut PgConnection, schema: &str) -> Result<(), String> {
    for sql in STATEMENTS.lines() {
        let here = sql.replace("auth.", &format!("\"{schema}\"."));
        let prepared = beside.prepare(AssertSqlSafe(here).into_sql_str()).await;
        prepared.map_err(|error| format!("{sql}: {error}"))?;
    }
    Ok(())
}

/// Columns of `old` that `new` does not have as they were, and those of `new`
/// that whoever does not know of them cannot leave out.
const DIFFERENCES: &str = "
    WITH c AS (SELECT table_schema, table_name, column_name, data_type,
            is_nullable = 'YES' OR column_default IS NOT NULL OR is_identity = 'YES' AS optional
        FROM information_schema.columns),
    o AS (SELECT * FROM c WHERE table_schema = '{old}'), n AS (SELECT * FROM c WHERE table_schema = '{new}')
    SELECT coalesce(string_agg(table_name || '.' || column_name, ' '), '') FROM (
        SELECT table_name, column_name FROM o LEFT JOIN n USING (table_name, column_name)
            WHERE n.data_type IS DISTINCT FROM o.data_type
        UNION ALL
        SELECT table_name, column_name FROM n LEFT JOIN o USING (table_name, column_name)
            WHERE o.data_type IS NULL AND NOT n.optional AND table_name IN (SELECT table_name FROM o)) d";

async fn differences(beside: &mut PgConnection, old: &str, new: &str) -> String {
    let sql = DIFFERENCES.replace("{old}", old).replace("{new}", new);
    value(beside, "", &sql).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_version_before_sends_is_understood_by_the_schema_of_this_one() {
    let url = servers::postgres_url().await.unwrap();
    let mut beside = connection(&url).await;
    let (old, new) = (schema(), schema());
    for script in &PgStore::migration_scripts(&old).unwrap()[..VERSION] {
        run(&mut beside, &old, script).await;
    }
    understands(&mut beside, &old).await.unwrap();
    builder(&url, &new).connect().await.unwrap();
    understands(&mut beside, &new).await.unwrap();
    assert_eq!(differences(&mut beside, &old, &new).await, "");

    // That this would find what breaks it.
    let breaking = [
        (
            "ALTER TABLE {s}.users ADD COLUMN theirs int NOT NULL",
            "users.theirs",
        ),
        (
            "ALTER TABLE {s}.attempts ALTER COLUMN failures TYPE bigint",
            "attempts.failures",
        ),
        (
            "ALTER TABLE {s}.sessions RENAME COLUMN device TO agent",
            "sessions.device",
        ),
    ];
    for (sql, found) in breaking {
        run(&mut beside, &new, sql).await;
        let differences = differences(&mut beside, &old, &new).await;
        assert!(differences.contains(found), "{found}: {differences}");
    }
    // On a connection that has not prepared them before.
    let mut beside = connection(&url).await;
    understands(&mut beside, &new).await.unwrap_err();
}

/// Everybody who revokes anything would wait behind it.
#[tokio::test(flavor = "multi_thread")]
async fn no_migration_waits_long_for_a_table() {
    let url = servers::postgres_url().await.unwrap();
    let mut beside = connection(&url).await;
    let schema = schema();
    for script in &PgStore::migration_scripts(&schema).unwrap()[..2] {
        run(&mut beside, &schema, script).await;
    }
    // A backup, say.
    let reading = "BEGIN; LOCK TABLE {s}.revocations, {s}.signing_keys IN ACCESS SHARE MODE";
    run(&mut beside, &schema, reading).await;
    let gave_up = tokio::time::timeout(
        std::time::Duration::from_secs(30),
        builder(&url, &schema).connect(),
    );
    let gave_up = gave_up.await.unwrap();
    assert!(
        matches!(gave_up, Err(ConnectError::Migration { version: 3, .. })),
        "{gave_up:?}"
    );
    run(&mut beside, &schema, "COMMIT").await;
    builder(&url, &schema).connect().await.unwrap();
}
