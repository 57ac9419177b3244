//! What the handles of a cache share: how a look-up is answered.

use std::fmt;
use std::hash::RandomState;
use std::sync::Arc;

use auth_core::{Clock, SecureRandom};
use tokio::runtime::Handle;

use super::builder::{TagsOf, Weigh};
use super::entry::Entry;
use super::guard::adaptive_ttl::AdaptiveTtl;
use super::guard::fence::{Fence, TagStripe};
use super::guard::security_state::Guarded;
use super::guard::single_flight::Flights;
use super::job::Job;
use super::key::{Key, Probe, Value};
use super::lane::{Lane, Limits};
use super::loader::Loader;
use super::rules::Rules;
use super::second::SecondLevel;
use super::shelf::Shelf;
use super::stats::{CacheStats, Counters};
use super::sync::Std;
use super::ttl::Moment;
use super::unavailable::Unavailable;

/// What a flight brings.
pub(crate) type Outcome<V> = Result<Arc<Entry<V>>, Unavailable>;

/// What it is built of.
pub(crate) struct Parts<K: Key, V: Value> {
    pub(crate) name: Arc<str>,
    pub(crate) loader: Arc<dyn Loader<K, V>>,
    pub(crate) rules: Rules,
    pub(crate) most_bytes: u64,
    pub(crate) most_negative: u64,
    pub(crate) source: Limits,
    pub(crate) second: Option<SecondLevel<K, V>>,
    pub(crate) weigh: Option<Weigh<K, V>>,
    pub(crate) tags: Option<TagsOf<K>>,
    pub(crate) adaptive: Option<AdaptiveTtl<V>>,
    pub(crate) guarded: Option<Guarded<V>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn SecureRandom>,
    pub(crate) runtime: Handle,
}

/// One cache.
pub(crate) struct Engine<K: Key, V: Value> {
    pub(crate) name: Arc<str>,
    pub(crate) loader: Arc<dyn Loader<K, V>>,
    pub(crate) rules: Rules,
    pub(crate) hashing: RandomState,
    pub(crate) fence: Fence<Std>,
    pub(crate) flights: Flights<K, Outcome<V>, Std>,
    pub(crate) values: Shelf<K, V>,
    pub(crate) absent: Shelf<K, V>,
    pub(crate) source: Lane<Job<K, V>>,
    pub(crate) second: Option<SecondLevel<K, V>>,
    pub(crate) weigh: Option<Weigh<K, V>>,
    pub(crate) tags: Option<TagsOf<K>>,
    pub(crate) adaptive: Option<AdaptiveTtl<V>>,
    pub(crate) guarded: Option<Guarded<V>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn SecureRandom>,
    pub(crate) runtime: Handle,
    pub(crate) counters: Counters,
}

impl<K: Key, V: Value> Engine<K, V> {
    pub(crate) fn new(parts: Parts<K, V>) -> Arc<Self> {
        let lightest = parts.rules.lightest;
        let engine = Arc::new(Self {
            name: parts.name,
            loader: parts.loader,
            hashing: RandomState::new(),
            fence: Fence::new(),
            flights: Flights::new(),
            values: Shelf::new(parts.most_bytes, lightest),
            absent: Shelf::new(parts.most_negative, 1),
            source: Lane::new(parts.source),
            weigh: parts.weigh,
            tags: parts.tags,
            adaptive: parts.adaptive,
            guarded: parts.guarded,
            clock: parts.clock,
            random: parts.random,
            runtime: parts.runtime,
            second: parts.second,
            counters: Counters::default(),
            rules: parts.rules,
        });
        engine.listen();
        engine
    }

    pub(crate) fn probe<'a>(&self, key: &'a K) -> Probe<'a, K> {
        Probe::new(&self.hashing, key)
    }

    pub(crate) fn moment(&self) -> Moment {
        Moment::of(self.clock.mono())
    }

    pub(crate) fn stats(&self) -> CacheStats {
        CacheStats {
            in_flight: self.flights.len(),
            waiting: self.source.waiting(),
            breaker: self.second.as_ref().map(SecondLevel::breaker_state),
            hears: self.second.as_ref().map(SecondLevel::hears),
            entries: self.values.len(),
            bytes: self.values.weight(),
            negative_entries: self.absent.len(),
            ..self.counters.read()
        }
    }

    /// The tags that a key has of itself.
    pub(crate) fn tags_of(&self, key: &K) -> Vec<TagStripe> {
        let tags = self.tags.as_ref().map(|tags| tags(key));
        let tags = tags.iter().flatten();
        tags.map(|tag| tag.stripe(&self.hashing)).collect()
    }
}

impl<K: Key, V: Value> fmt::Debug for Engine<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("name", &self.name)
            .field("rules", &self.rules)
            .field("values", &self.values)
            .finish_non_exhaustive()
    }
}
