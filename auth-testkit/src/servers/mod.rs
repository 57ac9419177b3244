//! Throw-away PostgreSQL, PgBouncer, Redis and NATS: a free loopback port, a folder of their own, a password, gone with their handle.
//!
//! ```no_run
//! # async fn example() -> Result<(), auth_testkit::servers::ServerError> {
//! use auth_testkit::servers::Postgres;
//!
//! let mut postgres = Postgres::start().await?;
//! // connect to `postgres.url()`, commit something, then pull the plug
//! postgres.kill_9()?;
//! postgres.restart().await?; // same port, same data
//! # Ok(()) }
//! ```
//!
//! A test that only needs *a* server asks [`postgres_url`] or [`redis_url`] and makes a schema (or key prefix) of its own;
//! a test that breaks its server starts one with [`Postgres::start`], [`Redis::start`] or [`Nats::start`]; one that
//! breaks an installation of several, [`Sentinels::start`] or [`RedisCluster::start`]; one that breaks the
//! network puts a [`Proxy`] before it. Where [`REDIS_SERVER`] names another program, such as Valkey's, each Redis is that.
//!
//! # Guarantees
//! - A missing program is an error that names its package, never a test that silently did not run.
//! - No server outlives its test process, even if that dies by SIGKILL.
//! - Durability is the server's default: `fsync` is on unless a test turns it off.
//!
//! # Non-guarantees
//! - A free port is found by binding and releasing it; somebody else may take it in between. Starting tries again with another.
//! - Unix only, and freezing or killing a whole PostgreSQL (rather than its first process) needs Linux's `/proc`.

mod cluster;
mod error;
mod folder;
mod locate;
mod nats;
mod pgbouncer;
mod postgres;
mod process;
mod proxy;
mod redis;
mod resp;
mod sentinel;
mod shared;
mod watched;

pub use cluster::RedisCluster;
pub use error::ServerError;
pub use locate::{REDIS_SERVER, installed, valkey_server};
pub use nats::Nats;
pub use pgbouncer::PgBouncer;
pub use postgres::Postgres;
pub use proxy::{Direction, Piece, Proxy, Verdict};
pub use redis::Redis;
pub use sentinel::Sentinels;
pub use shared::{POSTGRES_URL, REDIS_URL, postgres_url, redis_url};
