//! A store on PostgreSQL, for several instances.

mod api_key;
mod attempt;
mod borrowed;
mod connect;
mod connect_error;
mod consumed;
mod error;
mod idempotency;
mod lease;
mod log;
mod look_up;
mod migrate;
mod outbox;
mod platform;
mod pool;
mod replica;
mod replica_stats;
mod rotation;
mod row;
mod schema;
mod session;
mod settings;
mod signing_key;
mod sweep;
mod tenant;
mod user;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use auth_core::Secret;
use sqlx::PgPool;

use connect::Origin;
pub use connect::PgStoreBuilder;
pub use connect_error::ConnectError;

use crate::error::StoreError;
use crate::traits::{
    ApiKeyStore, AttemptStore, ConsumerStore, Effects, LookUpStore, OutboxStore, PlatformStore,
    SigningKeyStore, Store,
};
use auth_core::idempotency::IdempotencyStore;
use borrowed::Opening;
use lease::Lease;
use pool::Doubts;
use replica::Replicas;
pub use replica_stats::{ReplicaStats, ReplicasStats};
use schema::Schema;
use sweep::Marks;
pub use sweep::Purged;

/// The store for several instances: a schema of its own in a PostgreSQL 13 or
/// later.
///
/// Every method is one statement, or several of which each is a transaction of
/// its own. A statement that was sent runs to its end even if its caller's
/// future is dropped. The store's clock is the server's. Methods must be called
/// within a tokio runtime.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use auth_store::PgStore;
///
/// let store = PgStore::connect("postgres://auth:secret@db/app?sslmode=verify-full").await?;
/// let another = PgStore::builder("postgres://auth:secret@db/app")
///     .with_schema("auth_eu")
///     .with_max_connections(20)
///     .connect()
///     .await?;
/// # Ok(()) }
/// ```
///
/// # Defaults
/// | what | default | change |
/// |---|---|---|
/// | schema | `auth` | [`with_schema`](PgStoreBuilder::with_schema) |
/// | connections | at most 10 | [`with_max_connections`](PgStoreBuilder::with_max_connections) |
/// | a statement | 2 s; half of it waiting for locks | [`with_statement_timeout`](PgStoreBuilder::with_statement_timeout) |
/// | waiting for a connection | 2 s | [`with_acquire_timeout`](PgStoreBuilder::with_acquire_timeout) |
/// | look-ups | on the primary | [`with_replica`](PgStoreBuilder::with_replica) |
/// | how old a replica's answer may be | 5 s | [`with_max_age`](PgStoreBuilder::with_max_age) |
/// | how long a replica may take | 500 ms | [`with_replica_timeout`](PgStoreBuilder::with_replica_timeout) |
/// | migrations | applied on connecting | [`without_migrations`](PgStoreBuilder::without_migrations) |
/// | `application_name` | `auth` | in the URL |
/// | TLS | used if the server offers it, unverified | `sslmode=verify-full` in the URL |
///
/// # What it needs
/// A primary that keeps what it acknowledges: a standby is refused, and so is
/// `synchronous_commit = off`. With asynchronous replicas a failover may lose
/// the last commits; the store notices tokens from the lost future and revokes
/// their sessions, but cannot notice a revocation that was lost.
///
/// # What it does not do
/// Texts with a NUL character, which PostgreSQL cannot keep, are
/// [`Other`](crate::StoreErrorKind::Other) failures. A pooler that shares
/// connections between transactions (PgBouncer, `pool_mode = transaction`) is
/// named by [`through_pooler`](PgStoreBuilder::through_pooler), beside a URL of
/// the server itself.
#[derive(Clone)]
pub struct PgStore {
    pool: PgPool,
    schema: Schema,
    /// After this long without an answer the server counts as silent.
    patience: Duration,
    doubts: Doubts,
    /// How a transaction begins on connections that are not ours alone.
    opening: Option<Opening>,
    replicas: Option<Replicas>,
    /// Calls that have added a row.
    added: Arc<AtomicU32>,
    marks: Marks,
    /// What the change of this handle carries.
    effects: Effects,
}

impl PgStore {
    /// Connects to the database at `url`, with the defaults above.
    ///
    /// # Errors
    /// [`ConnectError`], which says what is wrong with the URL, the server or
    /// the schema.
    pub async fn connect(url: &str) -> Result<Self, ConnectError> {
        Self::builder(url).connect().await
    }

    /// For more than the URL.
    pub fn builder(url: &str) -> PgStoreBuilder {
        PgStoreBuilder::new(Origin::Url(Secret::new(url.to_owned())))
    }

    /// On a pool of the application's own (sqlx 0.9), which keeps its size, its
    /// time-outs and whatever it sets on its connections.
    ///
    /// Nothing of that can be relied on, so each statement gets a transaction of
    /// its own, in which isolation and time-outs are set and which leaves nothing
    /// behind. That takes three round trips more than on a pool of the store's
    /// own, which needs one.
    ///
    /// ```no_run
    /// # async fn example(pool: sqlx::PgPool) -> Result<(), auth_store::ConnectError> {
    /// let store = auth_store::PgStore::builder_on(pool).with_schema("auth_eu").connect().await?;
    /// # Ok(()) }
    /// ```
    pub fn builder_on(pool: PgPool) -> PgStoreBuilder {
        PgStoreBuilder::new(Origin::Pool(pool))
    }

    /// What connecting does to the schema, as scripts: one for each version, in
    /// order, each a transaction that fails as a whole if it was applied before.
    ///
    /// ```
    /// # fn main() -> Result<(), auth_store::ConnectError> {
    /// for script in auth_store::PgStore::migration_scripts("auth")? {
    ///     println!("{script}");
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`ConnectError::Schema`] if `schema` cannot be one.
    pub fn migration_scripts(schema: &str) -> Result<Vec<String>, ConnectError> {
        let schema = Schema::new(schema).ok_or_else(|| ConnectError::Schema(schema.to_owned()))?;
        Ok(migrate::scripts(&schema))
    }

    /// Closes all connections, after the calls that have one are done. Every
    /// later call fails.
    pub async fn close(&self) {
        if let Some(replicas) = &self.replicas {
            replicas.close().await;
        }
        self.pool.close().await;
    }

    /// A connection. Waiting for one can be given up at any time; nothing has
    /// been asked of it then.
    async fn lease(&self) -> Result<Lease, StoreError> {
        Lease::of(self).await
    }
}

impl fmt::Debug for PgStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PgStore")
            .field("schema", &self.schema.name())
            .field("connections", &self.pool.size())
            .finish_non_exhaustive()
    }
}

impl Store for PgStore {
    fn signing_key_store(&self) -> Option<&dyn SigningKeyStore> {
        Some(self)
    }

    fn attempt_store(&self) -> Option<&dyn AttemptStore> {
        Some(self)
    }

    fn api_key_store(&self) -> Option<&dyn ApiKeyStore> {
        Some(self)
    }

    fn platform_store(&self) -> Option<&dyn PlatformStore> {
        Some(self)
    }

    fn look_up_store(&self) -> Option<&dyn LookUpStore> {
        Some(self)
    }

    fn outbox_store(&self) -> Option<&dyn OutboxStore> {
        Some(self)
    }

    fn consumer_store(&self) -> Option<&dyn ConsumerStore> {
        Some(self)
    }

    fn idempotency_store(&self) -> Option<&dyn IdempotencyStore> {
        Some(self)
    }
}

/// In microseconds, as intervals are made of them; at most two hundred years,
/// which an `interval` times a number still gives exactly.
fn micros(duration: Duration) -> i64 {
    const LONGEST: i64 = 200 * 365 * 86_400 * 1_000_000;
    crate::sql::micros(duration).min(LONGEST)
}
