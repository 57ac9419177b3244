//! A source that changes, and those who race for it.
//!
//! `AUTH_CACHE_RACES` sets the number of rounds for each path; 100 000 is a soak.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::task::{JoinSet, yield_now};

/// The source: a number that only grows.
#[derive(Clone, Debug, Default)]
pub(super) struct Truth(Arc<AtomicU64>);

impl Truth {
    pub(super) fn read(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }

    pub(super) fn change(&self) -> u64 {
        self.0.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// Reads, and comes back late.
    pub(super) async fn read_slowly(&self) -> u64 {
        let read = self.read();
        linger(read).await;
        read
    }
}

/// Gives way some times, more or less as chance would have it.
pub(super) async fn linger(seed: u64) {
    for _ in 0..seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 58 {
        yield_now().await;
    }
}

pub(super) fn rounds() -> u64 {
    let set = std::env::var("AUTH_CACHE_RACES").ok();
    set.and_then(|rounds| rounds.parse().ok()).unwrap_or(1_000)
}

/// Something to do with a clone of `shared`, over and over.
pub(super) fn with<C, F, W>(shared: &C, work: W) -> impl Fn() -> F + Clone + use<C, F, W>
where
    C: Clone,
    W: Fn(C) -> F + Clone,
{
    let shared = shared.clone();
    move || work(shared.clone())
}

/// Runs rounds of: readers that miss and load; a change and its invalidation, at some
/// point of their loads; a read. Gives how many reads gave what had been invalidated
/// before they began. A read may give nothing.
pub(super) async fn stale_reads<R, RF, I, IF>(truth: &Truth, read: R, invalidate: I) -> u64
where
    R: Fn() -> RF + Clone + Send + 'static,
    RF: Future<Output = Option<u64>> + Send + 'static,
    I: Fn() -> IF + Send + 'static,
    IF: Future<Output = ()> + Send + 'static,
{
    let truth = truth.clone();
    let rounds = async move {
        let floor = Arc::new(AtomicU64::new(0));
        let is_stale = |least: u64, read: Option<u64>| u64::from(read.is_some_and(|it| it < least));
        let mut stale = 0;
        for round in 0..rounds() {
            invalidate().await;
            let mut readers = JoinSet::new();
            for reader in 0..3 {
                let (read, floor) = (read.clone(), Arc::clone(&floor));
                readers.spawn(async move {
                    linger(round ^ reader).await;
                    let least = floor.load(Ordering::SeqCst);
                    is_stale(least, read().await)
                });
            }
            linger(!round).await;
            let least = truth.change();
            invalidate().await;
            floor.store(least, Ordering::SeqCst);
            stale += is_stale(least, read().await);
            while let Some(reader) = readers.join_next().await {
                stale += reader.unwrap();
            }
            // What came in late.
            stale += is_stale(least, read().await);
        }
        stale
    };
    // On a worker like the readers: where it gives way, they go on.
    tokio::spawn(rounds).await.unwrap()
}
