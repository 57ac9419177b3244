use std::any::Any;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use auth_core::{ManualClock, Timestamp};
use auth_store::Store;

use super::Subject;

/// A store that takes its time from a clock, and whose clones are handles on the same
/// data.
pub struct Clocked<S> {
    store: S,
    clock: Arc<ManualClock>,
    /// Dropped after the store.
    kept: Option<Box<dyn Any + Send + Sync>>,
}

impl<S: Store + Clone> Clocked<S> {
    /// When the clock begins.
    pub const START: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);

    /// What `open` opens by this clock.
    pub async fn open<F>(open: impl FnOnce(Arc<ManualClock>) -> F) -> Self
    where
        F: Future<Output = S>,
    {
        let clock = Arc::new(ManualClock::at(Self::START));
        Self {
            store: open(Arc::clone(&clock)).await,
            clock,
            kept: None,
        }
    }

    /// Keeps what the store stands on, a folder for instance, for as long as the store.
    #[must_use]
    pub fn keeping(mut self, kept: impl Any + Send + Sync) -> Self {
        self.kept = Some(Box::new(kept));
        self
    }
}

#[async_trait]
impl<S: Store + Clone> Subject for Clocked<S> {
    fn store(&self) -> Arc<dyn Store> {
        Arc::new(self.store.clone())
    }

    async fn second(&self) -> Arc<dyn Store> {
        Arc::new(self.store.clone())
    }

    async fn pass(&self, time: Duration) {
        self.clock.advance(time);
    }
}

impl<S: fmt::Debug> fmt::Debug for Clocked<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clocked")
            .field("store", &self.store)
            .field("keeps", &self.kept.is_some())
            .finish_non_exhaustive()
    }
}
