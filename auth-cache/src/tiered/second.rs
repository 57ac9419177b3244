//! What a cache keeps of its second level.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio::task::AbortHandle;

use super::guard::breaker::Breaker;
use super::job::Job;
use super::key::{Key, Value};
use super::lane::{Lane, Limits};
use super::owed::Owed;
use super::stats::BreakerState;
use super::ttl::Moment;
use crate::tier::{Codec, Namespace, Tier};

/// How the tier is used.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TierRules {
    /// Of one call.
    pub(crate) deadline: Duration,
    pub(crate) has_breaker: bool,
    /// How long this process waits for another's load.
    pub(crate) lease_patience: Duration,
    /// How old what is in memory may be while the tail is broken.
    pub(crate) untailed: Duration,
}

impl Default for TierRules {
    fn default() -> Self {
        Self {
            deadline: Duration::from_millis(200),
            has_breaker: true,
            lease_patience: Duration::from_secs(1),
            untailed: Duration::ZERO,
        }
    }
}

/// The tier of a cache, with what stands before it.
pub(crate) struct SecondLevel<K: Key, V: Value> {
    pub(crate) tier: Arc<dyn Tier>,
    pub(crate) codec: Arc<dyn Codec<K, V>>,
    pub(crate) space: Namespace,
    pub(crate) rules: TierRules,
    pub(crate) lane: Lane<Job<K, V>>,
    pub(crate) owed: Owed,
    pub(crate) is_retrying: AtomicBool,
    breaker: Mutex<Breaker>,
    /// Whether this process hears of what others invalidate.
    hears: AtomicBool,
    tail: OnceLock<AbortHandle>,
}

/// A call that the breaker has let through.
#[must_use = "a call is to be ended"]
pub(crate) struct Permit;

impl<K: Key, V: Value> SecondLevel<K, V> {
    pub(crate) fn new(
        tier: Arc<dyn Tier>,
        codec: Arc<dyn Codec<K, V>>,
        cache: Arc<str>,
        rules: TierRules,
        waiting: usize,
    ) -> Self {
        let schema = codec.schema();
        Self {
            tier,
            codec,
            space: Namespace { cache, schema },
            rules,
            lane: Lane::new(Limits {
                workers: 4,
                most_jobs: 256,
                waiting,
            }),
            owed: Owed::new(),
            is_retrying: AtomicBool::new(false),
            breaker: Mutex::new(Breaker::new(rules.has_breaker)),
            hears: AtomicBool::new(false),
            tail: OnceLock::new(),
        }
    }

    /// Whether the tier may be called now.
    pub(crate) fn permit(&self, now: Moment) -> Option<Permit> {
        let permits = self.breaker().permits(now, self.rules.deadline * 2);
        permits.then_some(Permit)
    }

    pub(crate) fn end(&self, _: Permit, was_answered: bool, now: Moment) {
        self.breaker().end(was_answered, now);
    }

    pub(crate) fn breaker_state(&self) -> BreakerState {
        self.breaker().state()
    }

    /// Whether what is in memory and this old may be served.
    pub(crate) fn trusts(&self, age: Duration) -> bool {
        self.hears() || age < self.rules.untailed
    }

    pub(crate) fn hears(&self) -> bool {
        self.hears.load(Ordering::Acquire)
    }

    pub(crate) fn set_hears(&self, hears: bool) {
        self.hears.store(hears, Ordering::Release);
    }

    /// The task that listens; it ends with the cache.
    pub(crate) fn keep_tail(&self, task: AbortHandle) {
        if let Err(second) = self.tail.set(task) {
            second.abort();
        }
    }

    fn breaker(&self) -> std::sync::MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Key, V: Value> Drop for SecondLevel<K, V> {
    fn drop(&mut self) {
        if let Some(task) = self.tail.get() {
            task.abort();
        }
    }
}

impl<K: Key, V: Value> fmt::Debug for SecondLevel<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecondLevel")
            .field("tier", &self.tier)
            .field("space", &self.space)
            .field("breaker", &self.breaker_state())
            .field("hears", &self.hears())
            .finish_non_exhaustive()
    }
}
