//! A tier that fails when it is told to.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use auth_cache::tier::{
    Acquired, Ask, Fill, Invalidated, MemoryTier, Namespace, Tail, Tier, TierError,
};
use tokio::sync::Notify;

/// What the tier does when it is called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Health {
    #[default]
    Well,
    Fails,
    Hangs,
    /// Does what it is asked to, and fails then.
    LosesAnswers,
}

/// The memory of `inner`, over a connection that breaks.
#[derive(Clone, Debug)]
pub(super) struct Flaky(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    inner: MemoryTier,
    health: Mutex<Health>,
    calls: AtomicUsize,
    breaks: Notify,
    is_deaf: AtomicBool,
}

impl Flaky {
    pub(super) fn new(inner: MemoryTier) -> Self {
        Self(Arc::new(Shared {
            inner,
            health: Mutex::default(),
            calls: AtomicUsize::new(0),
            breaks: Notify::new(),
            is_deaf: AtomicBool::new(false),
        }))
    }

    pub(super) fn is(&self, health: Health) {
        *self.0.health.lock().unwrap() = health;
    }

    /// Ends the tail, and lets none begin.
    pub(super) fn goes_deaf(&self) {
        self.0.is_deaf.store(true, Ordering::SeqCst);
        self.0.breaks.notify_waiters();
    }

    pub(super) fn hears_again(&self) {
        self.0.is_deaf.store(false, Ordering::SeqCst);
    }

    pub(super) fn calls(&self) -> usize {
        self.0.calls.load(Ordering::SeqCst)
    }

    async fn call<T>(
        &self,
        call: impl Future<Output = Result<T, TierError>>,
    ) -> Result<T, TierError> {
        self.0.calls.fetch_add(1, Ordering::SeqCst);
        let health = *self.0.health.lock().unwrap();
        match health {
            Health::Well => call.await,
            Health::Fails => Err(TierError::new("connection refused")),
            Health::Hangs => std::future::pending().await,
            Health::LosesAnswers => {
                call.await?;
                Err(TierError::new("connection reset"))
            }
        }
    }
}

#[async_trait]
impl Tier for Flaky {
    async fn acquire(&self, space: &Namespace, asks: &[Ask]) -> Result<Vec<Acquired>, TierError> {
        self.call(self.0.inner.acquire(space, asks)).await
    }

    async fn fill(&self, space: &Namespace, fills: &[Fill]) -> Result<Vec<bool>, TierError> {
        self.call(self.0.inner.fill(space, fills)).await
    }

    async fn invalidate(&self, space: &Namespace, what: &[Invalidated]) -> Result<(), TierError> {
        self.call(self.0.inner.invalidate(space, what)).await
    }

    async fn tail(&self, space: &Namespace) -> Result<Box<dyn Tail>, TierError> {
        if self.0.is_deaf.load(Ordering::SeqCst) {
            return Err(TierError::new("connection refused"));
        }
        let tail = self.0.inner.tail(space).await?;
        Ok(Box::new(Breaking(tail, self.clone())))
    }
}

struct Breaking(Box<dyn Tail>, Flaky);

#[async_trait]
impl Tail for Breaking {
    async fn next(&mut self) -> Result<Vec<Invalidated>, TierError> {
        tokio::select! {
            told = self.0.next() => told,
            () = self.1.0.breaks.notified() => Err(TierError::new("connection reset")),
        }
    }
}
