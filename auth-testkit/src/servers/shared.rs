//! The servers most tests use: one of each for a whole test run, or for this process when nobody started those.

use std::env;

use tokio::sync::OnceCell;

use super::{Postgres, Redis, ServerError};

/// The environment variable that names a PostgreSQL for tests: `postgres://…`, with the right to make databases.
pub const POSTGRES_URL: &str = "AUTH_TEST_POSTGRES_URL";

/// The environment variable that names a Redis for tests: `redis://…`.
pub const REDIS_URL: &str = "AUTH_TEST_REDIS_URL";

/// The URL of a PostgreSQL that other tests use too: make a schema or a database of your own in it.
///
/// `cargo xtask test` starts one for all tests and names it in [`POSTGRES_URL`]; without that, this process starts one, which costs
/// it about two seconds.
///
/// # Errors
/// As [`Postgres::start`].
///
/// ```no_run
/// # async fn example() -> Result<(), auth_testkit::servers::ServerError> {
/// let url = auth_testkit::servers::postgres_url().await?;
/// # Ok(()) }
/// ```
pub async fn postgres_url() -> Result<String, ServerError> {
    // Statics are not dropped; the server ends with the process, as its watcher sees to.
    static OURS: OnceCell<Postgres> = OnceCell::const_new();
    match env::var(POSTGRES_URL) {
        Ok(url) => Ok(url),
        Err(_) => OURS
            .get_or_try_init(Postgres::start)
            .await
            .map(Postgres::url),
    }
}

/// The URL of a Redis that other tests use too: give your keys a prefix of their own, and do not flush it.
///
/// `cargo xtask test` starts one for all tests and names it in [`REDIS_URL`]; without that, this process starts one.
///
/// # Errors
/// As [`Redis::start`].
///
/// ```no_run
/// # async fn example() -> Result<(), auth_testkit::servers::ServerError> {
/// let url = auth_testkit::servers::redis_url().await?;
/// # Ok(()) }
/// ```
pub async fn redis_url() -> Result<String, ServerError> {
    static OURS: OnceCell<Redis> = OnceCell::const_new();
    match env::var(REDIS_URL) {
        Ok(url) => Ok(url),
        Err(_) => OURS.get_or_try_init(Redis::start).await.map(Redis::url),
    }
}
