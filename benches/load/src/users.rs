//! Users who are simply there.

use std::time::Duration;

use auth_core::password::{HashPool, Password};
use sqlx::{Connection, PgConnection};

use crate::Failure;

/// The identifier of the user with this number.
pub(crate) fn name(kind: &str, number: u32) -> String {
    format!("{kind}-{number:08}@example.com")
}

/// Puts `count` of a kind into our tables, all with the same hash: one for each
/// would take longer than what is measured.
pub(crate) async fn insert(
    database: &str,
    kind: &str,
    count: u32,
    password: &str,
) -> Result<(), Failure> {
    let pool = HashPool::builder().build()?;
    let by = pool.deadline(Duration::from_secs(60));
    let hash = pool.hash(Password::new(password.to_owned())?, by).await?;
    let mut connection = PgConnection::connect(database).await?;
    sqlx::query(
        "INSERT INTO auth.users (tenant, id, identifier, identifier_norm, password_hash)
         SELECT '00000000-0000-0000-0000-000000000000', gen_random_uuid(), name, name, $3
         FROM (SELECT $1 || '-' || lpad(n::text, 8, '0') || '@example.com' AS name
               FROM generate_series(0, $2) n) names",
    )
    .bind(kind)
    .bind(i32::try_from(count)?)
    .bind(hash.expose_phc())
    .execute(&mut connection)
    .await?;
    sqlx::raw_sql("VACUUM ANALYZE auth.users")
        .execute(&mut connection)
        .await?;
    Ok(connection.close().await?)
}
