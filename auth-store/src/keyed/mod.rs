//! A store over any database that keeps values under sorted keys.
//!
//! The rules of users, sessions and revocations are written here once; what a
//! [`Database`] adds is that a transaction happens as if alone, whole or not at all,
//! and stays. That is little code, and `auth-testkit` has the suite that shows
//! whether it holds: `examples/own-store` certifies a store over redb that way.
//!
//! What is kept are tenants, users, sessions, settings and the revocation log: all
//! that [`Store`] demands, and none of its optional parts.

mod database;
mod log;
mod row;
mod session;
mod settings;
mod tenant;
mod tx;
mod user;

use std::fmt;
use std::sync::Arc;

use auth_core::{Clock, FlooredClock, SystemClock, TenantId, Timestamp};

pub use database::{Database, Entry, ReadWork, Reads, WriteWork, Writes};

use crate::error::{StoreError, StoreErrorKind};
use crate::traits::Store;
use tx::{Tx, View};

/// A store over a database of sorted keys, all of which are its own.
///
/// Clones share the database. Its clock never goes back while the process runs:
/// when the injected one is set back, time goes on from where it was.
///
/// A call runs in a thread that may block, to its end: a caller that gives up
/// leaves nothing half done. Runs within a tokio runtime.
pub struct KeyedStore<D> {
    shared: Arc<Shared<D>>,
}

struct Shared<D> {
    database: D,
    clock: FlooredClock,
}

impl<D: Database> KeyedStore<D> {
    /// Over `database`, on the system's clock.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn open(database: D) -> Result<Self, StoreError> {
        Self::open_with_clock(database, Arc::new(SystemClock)).await
    }

    /// Over `database`, on a clock of the caller's.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn open_with_clock(database: D, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        let clock = FlooredClock::new(clock);
        let store = Self {
            shared: Arc::new(Shared { database, clock }),
        };
        store.write(settings::begin).await?;
        store
            .write(|tx| tenant::create(tx, TenantId::DEFAULT))
            .await?;
        Ok(store)
    }

    /// Runs `work` in a transaction that only reads.
    async fn read<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(View<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        self.run(move |shared| {
            let mut answer = None;
            shared.database.read(&mut |rows| {
                // Before the rows: what expires in between is still given.
                let now = shared.now();
                answer = Some(work(View { rows, now })?);
                Ok(())
            })?;
            Ok(answer)
        })
        .await
    }

    /// Runs `work` in a transaction, and answers when it is committed.
    async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        self.run(move |shared| {
            let mut answer = None;
            shared.database.write(&mut |rows| {
                let now = shared.now();
                answer = Some(work(&mut Tx { rows, now })?);
                Ok(())
            })?;
            Ok(answer)
        })
        .await
    }

    async fn run<T, F>(&self, call: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Shared<D>) -> Result<Option<T>, StoreError> + Send + 'static,
    {
        let shared = self.shared.clone();
        let done = tokio::task::spawn_blocking(move || call(&shared)).await;
        // It panicked, or the runtime ended: perhaps after the commit.
        let answer =
            done.map_err(|error| StoreError::new(StoreErrorKind::OutcomeUnknown, error))?;
        answer?.ok_or_else(|| {
            StoreError::new(StoreErrorKind::Other, "the database ran no transaction")
        })
    }
}

impl<D> Shared<D> {
    fn now(&self) -> Timestamp {
        let now = self.clock.now().wall;
        self.clock.observe(now);
        now
    }
}

impl<D> Clone for KeyedStore<D> {
    fn clone(&self) -> Self {
        Self {
            shared: self.shared.clone(),
        }
    }
}

impl<D: Database> fmt::Debug for KeyedStore<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyedStore")
            .field("database", &self.shared.database)
            .finish_non_exhaustive()
    }
}

impl<D: Database> Store for KeyedStore<D> {
    fn is_persistent(&self) -> bool {
        self.shared.database.is_persistent()
    }
}
