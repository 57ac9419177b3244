//! A source that tests script, and a clock that is tokio's.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use auth_cache::tiered::{BoxError, Cache, CacheBuilder, Loaded, Loader, Tag};
use auth_core::{Clock, Monotonic, Now, Timestamp};
use tokio::sync::Semaphore;
use tokio::time::Instant;

/// Tokio's clock, which tests pause and advance.
#[derive(Debug, Default)]
pub(super) struct TokioClock(OnceLock<Instant>);

impl Clock for TokioClock {
    fn now(&self) -> Now {
        let elapsed = self.0.get_or_init(Instant::now).elapsed();
        Now {
            wall: Timestamp::from_unix_seconds(1_800_000_000) + elapsed,
            mono: Monotonic::from_elapsed(elapsed),
        }
    }
}

/// What the source does when it is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Mood {
    #[default]
    Answers,
    Fails,
    Panics,
    Hangs,
    /// Gives an answer too few.
    Miscounts,
}

/// A source of numbers by number, shared by its clones.
#[derive(Clone, Default)]
pub(super) struct Source {
    shared: Arc<Shared>,
    most_keys: usize,
}

#[derive(Default)]
struct Shared {
    values: Mutex<HashMap<u32, Loaded<u64>>>,
    mood: Mutex<Mood>,
    takes: Mutex<Duration>,
    calls: Mutex<Vec<Vec<u32>>>,
    under_way: AtomicUsize,
    most_under_way: AtomicUsize,
    gate: OnceLock<Semaphore>,
}

impl Source {
    pub(super) fn of_batches(most_keys: usize) -> Self {
        Self {
            most_keys,
            ..Self::default()
        }
    }

    pub(super) fn set(&self, key: u32, value: u64) -> &Self {
        self.put(key, Loaded::new(value));
        self
    }

    pub(super) fn set_tagged(&self, key: u32, value: u64, tag: &str) {
        self.put(key, Loaded::new(value).with_tag(Tag::new(tag)));
    }

    pub(super) fn set_for(&self, key: u32, value: u64, ttl: Duration) {
        self.put(key, Loaded::new(value).with_ttl(ttl));
    }

    fn put(&self, key: u32, loaded: Loaded<u64>) {
        self.shared.values.lock().unwrap().insert(key, loaded);
    }

    /// Every key of the range, each with itself for a value.
    pub(super) fn set_all(&self, keys: Range<u32>) -> &Self {
        keys.for_each(|key| {
            self.set(key, key.into());
        });
        self
    }

    pub(super) fn is_in(&self, mood: Mood) -> &Self {
        *self.shared.mood.lock().unwrap() = mood;
        self
    }

    /// What each call takes, after it has read.
    pub(super) fn takes(&self, time: Duration) -> &Self {
        *self.shared.takes.lock().unwrap() = time;
        self
    }

    /// From here each call waits to be let through, after it has read.
    pub(super) fn close_gate(&self) -> &Self {
        self.shared.gate.get_or_init(|| Semaphore::new(0));
        self
    }

    pub(super) fn let_through(&self, calls: usize) {
        self.shared.gate.get().unwrap().add_permits(calls);
    }

    pub(super) fn calls(&self) -> Vec<Vec<u32>> {
        self.shared.calls.lock().unwrap().clone()
    }

    pub(super) fn keys_asked(&self) -> usize {
        self.calls().iter().map(Vec::len).sum()
    }

    pub(super) fn under_way(&self) -> usize {
        self.shared.under_way.load(Ordering::SeqCst)
    }

    pub(super) fn most_under_way(&self) -> usize {
        self.shared.most_under_way.load(Ordering::SeqCst)
    }

    pub(super) fn builder(&self) -> CacheBuilder<u32, u64> {
        Cache::builder("numbers", self.clone()).with_clock(Arc::new(TokioClock::default()))
    }

    /// A cache whose values all live as long, and that loads nothing on its own.
    pub(super) fn plain(&self) -> CacheBuilder<u32, u64> {
        self.builder().without_jitter().without_early_refresh()
    }
}

struct UnderWay<'a>(&'a Shared);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::SeqCst);
    }
}

#[async_trait]
impl Loader<u32, u64> for Source {
    async fn load(&self, keys: &[u32]) -> Result<Vec<Option<Loaded<u64>>>, BoxError> {
        let shared = &*self.shared;
        let now = shared.under_way.fetch_add(1, Ordering::SeqCst) + 1;
        let _under_way = UnderWay(shared);
        shared.most_under_way.fetch_max(now, Ordering::SeqCst);
        shared.calls.lock().unwrap().push(keys.to_vec());
        let mood = *shared.mood.lock().unwrap();
        let read = |key: &u32| shared.values.lock().unwrap().get(key).cloned();
        let mut answers: Vec<_> = keys.iter().map(read).collect();
        let takes = *shared.takes.lock().unwrap();
        if !takes.is_zero() {
            tokio::time::sleep(takes).await;
        }
        if let Some(gate) = shared.gate.get() {
            gate.acquire().await?.forget();
        }
        match mood {
            Mood::Answers => {}
            Mood::Fails => return Err("the source is down".into()),
            Mood::Panics => panic!("the loader of a test panics"),
            Mood::Hangs => std::future::pending().await,
            Mood::Miscounts => drop(answers.pop()),
        }
        Ok(answers)
    }

    fn most_keys(&self) -> usize {
        self.most_keys.max(1)
    }
}

/// Lets every task that can go on do so.
pub(super) async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

pub(super) async fn pass(time: Duration) {
    settle().await;
    tokio::time::advance(time).await;
    settle().await;
}

pub(super) const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(super) const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}
