//! A PostgreSQL for the run, and a database of its own for each service.

use std::fmt::Write;

use auth_testkit::servers::postgres_url;
use sqlx::{Connection, PgConnection};

use crate::Failure;

/// An empty database, with this name.
pub(crate) async fn create(name: &str) -> Result<String, Failure> {
    let url = postgres_url().await?;
    let mut connection = PgConnection::connect(&url).await?;
    for statement in [
        format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"),
        format!("CREATE DATABASE {name}"),
    ] {
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement))
            .execute(&mut connection)
            .await?;
    }
    connection.close().await?;
    let (server, _) = url.rsplit_once('/').ok_or("the URL has no database")?;
    let mut database = server.to_owned();
    write!(database, "/{name}")?;
    Ok(database)
}
