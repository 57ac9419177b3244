//! The handle.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use auth_core::Deadline;

use super::builder::CacheBuilder;
use super::engine::Engine;
use super::found::Lookup;
use super::guard::warm_up::warm_up;
use super::guard::write_through::Write;
use super::key::{Key, Value};
use super::loader::Loader;
use super::look_up::{Begun, Waiter};
use super::stats::CacheStats;
use super::tag::Tag;
use super::unavailable::Unavailable;
use super::warmth::Warmth;
use super::written::Written;

/// Answers from memory what was asked before, and asks the source for the rest.
/// Clones share everything.
///
/// [The module](super) says what is guaranteed, and what is not.
pub struct Cache<K: Key, V: Value> {
    engine: Arc<Engine<K, V>>,
}

impl<K: Key, V: Value> Cache<K, V> {
    /// Begins a cache of what `loader` loads, such as one made by
    /// [`each`](super::each) or [`batch`](super::batch). The name is for people, and
    /// for what is shared with other processes.
    pub fn builder(name: impl Into<Arc<str>>, loader: impl Loader<K, V>) -> CacheBuilder<K, V> {
        CacheBuilder::new(name.into(), Arc::new(loader))
    }

    pub(super) const fn new(engine: Arc<Engine<K, V>>) -> Self {
        Self { engine }
    }

    /// The value of `key`; `None` says that there is no such thing. Waits for the
    /// deadline of loads at the most.
    ///
    /// # Errors
    /// [`Unavailable`] when it cannot be told.
    pub async fn get(&self, key: &K) -> Result<Option<V>, Unavailable> {
        let mut begun = self.engine.begin(key);
        loop {
            let waiter = match begun {
                Begun::Answered(answer) => return Ok(answer.value()),
                Begun::Waits(waiter) => waiter,
            };
            let outcome = waiter.flight.outcome().await;
            begun = self.engine.end(waiter, outcome)?;
        }
    }

    /// The value of `key`, where it is from and how old it is, by a deadline of the
    /// caller's own ([`deadline`](Self::deadline) makes one). A load that takes
    /// longer goes on without it.
    ///
    /// # Errors
    /// [`Unavailable`] when it cannot be told, or not by then.
    pub async fn get_by(&self, key: &K, by: Deadline) -> Result<Lookup<V>, Unavailable> {
        let begun = self.engine.begin(key);
        self.end_by(begun, by).await
    }

    /// The values of `keys`, in their order, each as by [`get_by`](Self::get_by):
    /// what is missing is loaded at once, and in batches if the loader can.
    pub async fn get_many(&self, keys: &[K], by: Deadline) -> Vec<Result<Lookup<V>, Unavailable>> {
        let begun: Vec<_> = keys.iter().map(|key| self.engine.begin(key)).collect();
        let mut answers = Vec::with_capacity(begun.len());
        for begun in begun {
            answers.push(self.end_by(begun, by).await);
        }
        answers
    }

    /// The value of `key`, if memory has it and it is fresh. Asks nobody, and counts
    /// for nothing.
    pub fn peek(&self, key: &K) -> Option<V> {
        self.engine.peek(key)
    }

    /// Forgets `key`. To be called after the source was changed: what was loaded
    /// before is not served any more, nor kept when it comes in late. It is done
    /// when this returns, whether the future is awaited or not; what the future waits
    /// for is other processes' second level, where there is one.
    ///
    /// # Errors
    /// [`Reason::Tier`](super::Reason::Tier): the tier could not be told. This process
    /// has forgotten the value all the same, and does not read it from there.
    pub fn invalidate(
        &self,
        key: &K,
    ) -> impl Future<Output = Result<(), Unavailable>> + Send + 'static + use<K, V> {
        self.engine.invalidate(key)
    }

    /// Forgets every value with `tag`, in the manner of
    /// [`invalidate`](Self::invalidate).
    ///
    /// # Errors
    /// As there.
    pub fn invalidate_tag(
        &self,
        tag: &Tag,
    ) -> impl Future<Output = Result<(), Unavailable>> + Send + 'static + use<K, V> {
        self.engine.invalidate_tag(tag)
    }

    /// Forgets everything, in the manner of [`invalidate`](Self::invalidate).
    ///
    /// # Errors
    /// As there.
    pub fn clear(
        &self,
    ) -> impl Future<Output = Result<(), Unavailable>> + Send + 'static + use<K, V> {
        self.engine.clear()
    }

    /// Writes through: runs `write`, which changes the source and gives the new value,
    /// and keeps that value if nobody else wrote or invalidated `key` meanwhile. See
    /// [write-through](super::guard::write_through).
    ///
    /// # Errors
    /// That of `write`; the key is forgotten then, as the write may have happened.
    pub async fn write<E>(
        &self,
        key: &K,
        write: impl Future<Output = Result<V, E>>,
    ) -> Result<Written<V>, E> {
        let begun = Write::begin(&self.engine, key);
        let value = write.await?;
        let told = self.engine.tell_key(key).await;
        begun.end(value.clone());
        Ok(Written { value, told })
    }

    /// Loads `keys` before they are asked for, and waits until all have been. See
    /// [warm-up](super::guard::warm_up).
    pub async fn warm_up(&self, keys: impl IntoIterator<Item = K>) -> Warmth {
        warm_up(&self.engine, keys).await
    }

    /// The keys of all values in memory, in no order.
    pub fn keys(&self) -> Vec<K> {
        self.engine.values.keys()
    }

    /// The keys of the values in memory that were looked up most, up to `most` of them,
    /// the hottest first: a snapshot to [warm up](Self::warm_up) by, later or elsewhere.
    /// See [warm-up](super::guard::warm_up).
    pub fn hot_keys(&self, most: usize) -> Vec<K> {
        self.engine.values.hottest(most)
    }

    /// The point that is `patience` from now, by the cache's own clock.
    pub fn deadline(&self, patience: Duration) -> Deadline {
        Deadline::after(self.engine.clock.now(), patience)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.engine.name
    }

    /// What it has done and holds.
    pub fn stats(&self) -> CacheStats {
        self.engine.stats()
    }

    async fn end_by(&self, mut begun: Begun<K, V>, by: Deadline) -> Result<Lookup<V>, Unavailable> {
        loop {
            let waiter = match begun {
                Begun::Answered(answer) => return Ok(answer.lookup()),
                Begun::Waits(waiter) => waiter,
            };
            let left = by.remaining(self.engine.clock.now());
            let waiting = {
                // The caller need not be on a runtime, but the timer is on ours.
                let _runtime = self.engine.runtime.enter();
                tokio::time::timeout(left, waiter.flight.outcome())
            };
            let outcome = match waiting.await {
                Ok(outcome) => outcome,
                Err(_) => Waiter::too_late(&self.engine),
            };
            begun = self.engine.end(waiter, outcome)?;
        }
    }
}

impl<K: Key, V: Value> Clone for Cache<K, V> {
    fn clone(&self) -> Self {
        Self {
            engine: Arc::clone(&self.engine),
        }
    }
}

impl<K: Key, V: Value> fmt::Debug for Cache<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache")
            .field("name", &self.engine.name)
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}
