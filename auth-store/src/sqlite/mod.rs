//! A store in one file.

mod api_key;
mod attempt;
mod changes;
mod command;
mod consumed;
mod error;
mod file;
mod idempotency;
mod list;
mod log;
mod migrate;
mod open;
mod outbox;
mod platform;
mod rotate;
mod row;
mod session;
mod settings;
mod signing_key;
mod tenant;
#[cfg(test)]
mod tests;
mod user;
mod writer;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use auth_core::{Clock, FlooredClock, SystemClock};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, SqlitePool};
use uuid::Uuid;

use crate::error::StoreError;
use crate::traits::{
    ApiKeyStore, AttemptStore, ConsumerStore, Effects, OutboxStore, PlatformStore, SigningKeyStore,
    Store,
};
use auth_core::idempotency::IdempotencyStore;

pub use error::OpenError;

use command::Work;
use file::Claim;
use writer::{Tx, Writer};

/// How long a statement waits for the application's own connections to the
/// same file, and a read for a connection.
const PATIENCE: Duration = Duration::from_secs(2);

/// The most connections that read at once; each is a thread.
const READERS: u32 = 4;

/// How long after their expiry sessions and log rows are deleted: a clock that
/// was ahead for less than that has made nothing forgotten.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// The embedded store: one SQLite file, no server.
///
/// What it reports as done is on the disk (`synchronous = FULL`). One store
/// has a file at a time: clones of it share the connections, another process
/// is refused. Its tables begin with `auth_` and may live in the application's
/// own database. Methods must be called within a tokio runtime.
///
/// Beside `auth.db` lie `auth.db-wal` and `auth.db-shm`, which belong to it,
/// and `auth.db.lock`, which is empty. Copy a database that is in use with
/// `VACUUM INTO`, never file by file.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use auth_store::SqliteStore;
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("auth.db");
///
/// let store = SqliteStore::open(&path).await?; // such as "auth.db"
/// let refused = SqliteStore::open(&path).await.unwrap_err();
/// assert!(refused.to_string().contains("already in use"));
/// # drop(store);
/// # Ok(())
/// # }
/// ```
///
/// # Defaults
/// | what | default | change |
/// |---|---|---|
/// | clock | the system's | [`with_clock`](SqliteStoreBuilder::with_clock) |
///
/// # What it does not do
/// The file is not encrypted: it holds identifiers, but no token, no password
/// and no readable key. Whoever can write to it can make themselves an account.
/// What was overwritten may be found in the write-ahead log until SQLite uses
/// that place again.
#[derive(Clone)]
pub struct SqliteStore {
    writer: Arc<Writer>,
    readers: SqlitePool,
    /// What the change of this handle carries.
    effects: Effects,
}

impl SqliteStore {
    /// Opens the database at `path`; makes it, for its owner alone, if there
    /// is none.
    ///
    /// # Errors
    /// [`OpenError`], which names the path and says what to do.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        Self::builder(path).open().await
    }

    /// For more than the path.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::sync::Arc;
    /// use auth_core::{ManualClock, Timestamp};
    /// use auth_store::SqliteStore;
    /// # let directory = tempfile::tempdir()?;
    /// # let path = directory.path().join("auth.db");
    ///
    /// let clock = Arc::new(ManualClock::at(Timestamp::from_unix_seconds(1_800_000_000)));
    /// let store = SqliteStore::builder(&path).with_clock(clock).open().await?;
    /// # drop(store);
    /// # Ok(())
    /// # }
    /// ```
    pub fn builder(path: impl AsRef<Path>) -> SqliteStoreBuilder {
        SqliteStoreBuilder {
            path: path.as_ref().to_owned(),
            clock: Arc::new(SystemClock),
        }
    }

    async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t mut Tx) -> Work<'t, T> + Send + 'static,
    {
        self.writer.write(work).await
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore")
            .field("writer", &self.writer)
            .finish_non_exhaustive()
    }
}

impl Store for SqliteStore {
    fn changes(&self) -> Option<u64> {
        Some(self.writer.changes.number())
    }

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

/// How a [`SqliteStore`] is to be opened.
#[derive(Clone, Debug)]
#[must_use = "nothing is opened before `open`"]
pub struct SqliteStoreBuilder {
    path: PathBuf,
    clock: Arc<dyn Clock>,
}

impl SqliteStoreBuilder {
    /// Takes the time from `clock`, which is then the store's clock.
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Opens the database.
    ///
    /// # Errors
    /// [`OpenError`], which names the path and says what to do.
    pub async fn open(self) -> Result<SqliteStore, OpenError> {
        let claim = Claim::new(&self.path)?;
        let for_writing = options(claim.path()).journal_mode(SqliteJournalMode::Wal);
        let for_reading = options(claim.path()).pragma("query_only", "ON");
        let mut connection = for_writing
            .connect()
            .await
            .map_err(|error| OpenError::sqlite(&self.path, error))?;
        migrate::run(&mut connection, &self.path).await?;

        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(PATIENCE)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            .connect_lazy_with(for_reading);
        let clock = FlooredClock::new(self.clock);
        let writer = Writer::new(connection, for_writing, clock, claim);
        Ok(SqliteStore {
            writer: Arc::new(writer),
            readers,
            effects: Effects::none(),
        })
    }
}

/// An id as it is stored.
fn id(uuid: &Uuid) -> Vec<u8> {
    uuid.as_bytes().to_vec()
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(PATIENCE)
        .foreign_keys(true)
        .synchronous(SqliteSynchronous::Full)
        // Old hashes and salts are overwritten, not only forgotten.
        .pragma("secure_delete", "ON")
        // Triggers and views of others must not run functions in our name.
        .pragma("trusted_schema", "OFF")
}
