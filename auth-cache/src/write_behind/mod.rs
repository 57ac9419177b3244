//! Write-behind: writes that are gathered, and made later and together.
//!
//! **Prevents** a write to the database for every request, where what is written is
//! soon overwritten: when a session was last seen, how often a key was used.
//!
//! **How.** [`WriteBehind::put`] only notes a value; of several for one key the last
//! counts, or what a [merge](WriteBehindBuilder::with_merge) makes of them. Once a
//! second, or as soon as a thousand keys wait, they are given to a function that writes
//! them in one statement. Writes that fail are made again, under what has come since.
//!
//! ```
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use auth_cache::write_behind::WriteBehind;
//!
//! async fn update(seen: Vec<(u64, i64)>) -> std::io::Result<()> {
//!     // UPDATE sessions SET last_seen = … FROM unnest(…)
//!     Ok(())
//! }
//! let last_seen = WriteBehind::builder("last seen", update)
//!     .with_merge(|old: &mut i64, new| *old = new.max(*old))
//!     .build()?;
//!
//! last_seen.put(42, 1_800_000_000)?; // waits for nothing
//! last_seen.flush().await?; // before the process ends
//! # Ok(())
//! # }
//! # tokio::runtime::Runtime::new().unwrap().block_on(example()).unwrap();
//! ```
//!
//! # What is lost
//! - A process that dies loses what it has not written: up to an interval of writes,
//!   and, while the database does not answer, up to the capacity.
//! - When as many keys wait as there is room for, [`put`](WriteBehind::put) refuses new
//!   keys, and says so.
//! - A write of which the outcome is not known is made again. Setting a value is as
//!   good twice as once; adding to one is not.
//! - Nobody reads here what was put: until it is written, readers see the old value.
//!
//! So it is nothing for what has to be true: sessions, revocations, attempts, money.
//!
//! **Metric**: [`WriteBehind::stats`].

mod builder;
mod stats;
mod task;

use std::fmt;
use std::sync::Arc;

use crate::tiered::{Key, Unavailable, Value};
use task::Shared;

pub use builder::{WriteBehindBuildError, WriteBehindBuilder};
pub use stats::WriteBehindStats;

/// Gathers writes of `T` by `K`. Clones share everything; when the last of them is
/// dropped, what waits is written once more, without anybody to hear how that went.
pub struct WriteBehind<K: Key, T: Value> {
    owner: Arc<Owner<K, T>>,
}

/// As many keys wait to be written as there is room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many writes are waiting")]
pub struct Full;

/// What the handles share, and the task does not.
struct Owner<K: Key, T: Value> {
    shared: Arc<Shared<K, T>>,
}

impl<K: Key, T: Value> WriteBehind<K, T> {
    /// Begins one that writes by `write`, which takes distinct keys with their values.
    pub fn builder<F, A, E>(name: impl Into<Arc<str>>, write: F) -> WriteBehindBuilder<K, T>
    where
        F: Fn(Vec<(K, T)>) -> A + Send + Sync + 'static,
        A: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<crate::tiered::BoxError> + 'static,
    {
        WriteBehindBuilder::new(name.into(), write)
    }

    fn new(shared: Arc<Shared<K, T>>) -> Self {
        Self {
            owner: Arc::new(Owner { shared }),
        }
    }

    /// Notes a write.
    ///
    /// # Errors
    /// [`Full`]: it is not noted. One of a key that waits already always is.
    pub fn put(&self, key: K, value: T) -> Result<(), Full> {
        self.owner.shared.put(key, value)
    }

    /// Writes everything that has been put, and waits until that is done.
    ///
    /// # Errors
    /// [`Unavailable`] when some of it could not be written; it waits still.
    pub async fn flush(&self) -> Result<(), Unavailable> {
        self.owner.shared.flush().await
    }

    /// What it has done and has to do.
    pub fn stats(&self) -> WriteBehindStats {
        self.owner.shared.stats()
    }
}

impl<K: Key, T: Value> Drop for Owner<K, T> {
    fn drop(&mut self) {
        self.shared.close();
    }
}

impl<K: Key, T: Value> Clone for WriteBehind<K, T> {
    fn clone(&self) -> Self {
        Self {
            owner: Arc::clone(&self.owner),
        }
    }
}

impl<K: Key, T: Value> fmt::Debug for WriteBehind<K, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriteBehind")
            .field("name", &self.owner.shared.name)
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}
