//! How one is made.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;

use super::WriteBehind;
use super::task::{Merge, Rules, Shared, Write, run};
use crate::tiered::{BoxError, Key, Value};

/// Makes a [`WriteBehind`].
///
/// # Defaults
/// - interval: 1 s
/// - keys in one call: 1 000; as many that wait are written without waiting for the
///   interval
/// - room: 10 000 keys
/// - merge: the last value of a key counts
/// - a call is given up after 5 s
pub struct WriteBehindBuilder<K, T> {
    name: Arc<str>,
    write: Write<K, T>,
    merge: Merge<T>,
    rules: Rules,
}

/// It cannot be built as asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WriteBehindBuildError {
    /// No time between writes, or for one.
    #[error("the interval and the deadline are to be longer than nothing")]
    NoTime,
    /// Room for nothing.
    #[error("there has to be room for a key, and a key in a call")]
    NoCapacity,
    /// No tokio runtime to write on.
    #[error("there is no tokio runtime here to write on")]
    NoRuntime,
}

impl<K: Key, T: Value> WriteBehindBuilder<K, T> {
    pub(super) fn new<F, A, E>(name: Arc<str>, write: F) -> Self
    where
        F: Fn(Vec<(K, T)>) -> A + Send + Sync + 'static,
        A: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<BoxError> + 'static,
    {
        Self {
            name,
            write: Box::new(move |writes| {
                let written = write(writes);
                Box::pin(async move { written.await.map_err(Into::into) })
            }),
            merge: Box::new(|old, new| *old = new),
            rules: Rules {
                interval: Duration::from_secs(1),
                most_at_once: 1_000,
                capacity: 10_000,
                deadline: Duration::from_secs(5),
            },
        }
    }

    /// Writes every `interval`: as much is lost with a process.
    pub const fn with_interval(mut self, interval: Duration) -> Self {
        self.rules.interval = interval;
        self
    }

    /// Writes up to `keys` in one call.
    pub const fn with_most_at_once(mut self, keys: usize) -> Self {
        self.rules.most_at_once = keys;
        self
    }

    /// Lets up to `keys` wait.
    pub const fn with_capacity(mut self, keys: usize) -> Self {
        self.rules.capacity = keys;
        self
    }

    /// Gives up a call after `within`; its writes are made again.
    pub const fn with_deadline(mut self, within: Duration) -> Self {
        self.rules.deadline = within;
        self
    }

    /// What becomes of a value when there is a newer one of the same key.
    pub fn with_merge(mut self, merge: impl Fn(&mut T, T) + Send + Sync + 'static) -> Self {
        self.merge = Box::new(merge);
        self
    }

    /// Builds it. Writes are made on the tokio runtime that this is called on, which
    /// has its timer enabled; values may be put from anywhere.
    ///
    /// # Errors
    /// [`WriteBehindBuildError`] names what is out of bounds or missing.
    pub fn build(self) -> Result<WriteBehind<K, T>, WriteBehindBuildError> {
        let rules = self.rules;
        if rules.interval.is_zero() || rules.deadline.is_zero() {
            return Err(WriteBehindBuildError::NoTime);
        }
        if rules.capacity == 0 || rules.most_at_once == 0 {
            return Err(WriteBehindBuildError::NoCapacity);
        }
        let runtime = Handle::try_current().map_err(|_| WriteBehindBuildError::NoRuntime)?;
        let shared = Shared::new(self.name, self.write, self.merge, rules, runtime.clone());
        let shared = Arc::new(shared);
        drop(runtime.spawn(run(Arc::clone(&shared))));
        Ok(WriteBehind::new(shared))
    }
}

impl<K, T> fmt::Debug for WriteBehindBuilder<K, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriteBehindBuilder")
            .field("name", &self.name)
            .field("rules", &self.rules)
            .finish_non_exhaustive()
    }
}
