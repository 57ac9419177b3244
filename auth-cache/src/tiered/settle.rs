//! What becomes of a loaded value.

use std::sync::Arc;
use std::time::Duration;

use super::engine::Engine;
use super::entry::{Entry, Life};
use super::guard::fence::{Epoch, TagStripe};
use super::key::{Key, Keyed, Value};
use super::loader::Loaded;
use super::noise::Noise;
use super::shelf::Shelf;
use super::source::Job;
use super::ttl::Moment;

impl<K: Key, V: Value> Engine<K, V> {
    /// Keeps what the source said of a key, and tells those who wait.
    pub(crate) fn settle(
        &self,
        job: &Job<K, V>,
        loaded: Option<Loaded<V>>,
        began: Moment,
        cost: Duration,
        noise: &mut Noise,
    ) {
        let epoch = job.flight.epoch;
        let entry = match loaded {
            Some(loaded) => self.entry(&job.key.key, epoch, loaded, began, cost, noise),
            None => self.absence(&job.key.key, epoch, began),
        };
        let entry = Arc::new(entry);
        self.keep(&job.key, &entry);
        self.flights.finish(&job.key, &job.flight, Ok(entry));
    }

    /// Keeps an entry, unless it was invalidated since its load began.
    pub(crate) fn keep(&self, key: &Keyed<K>, entry: &Arc<Entry<V>>) {
        let keep = || self.put(key, entry);
        // What is displaced is dropped when the lock has been let go.
        let displaced = self.fence.admit(key.hash, entry.epoch, &entry.tags, keep);
        if displaced.is_none() {
            self.counters.rejected.one();
        }
    }

    /// Puts an entry where it belongs, under the lock of its key.
    pub(crate) fn put(&self, key: &Keyed<K>, entry: &Arc<Entry<V>>) -> impl Sized + use<K, V> {
        let (of, other): (&Shelf<K, V>, &Shelf<K, V>) = if entry.value.is_some() {
            (&self.values, &self.absent)
        } else {
            (&self.absent, &self.values)
        };
        let is_kept = entry.value.is_some() || self.rules.negative_ttl.is_some();
        let kept = is_kept.then(|| of.insert(key.clone(), Arc::clone(entry)));
        (kept, other.remove(&key.probe()))
    }

    /// An entry of what was loaded.
    pub(crate) fn entry(
        &self,
        key: &K,
        epoch: Epoch,
        loaded: Loaded<V>,
        began: Moment,
        cost: Duration,
        noise: &mut Noise,
    ) -> Entry<V> {
        let Loaded { value, tags, ttl } = loaded;
        let own = tags.iter().map(|tag| tag.stripe(&self.hashing));
        let tags: Box<[TagStripe]> = self.tags_of(key).into_iter().chain(own).collect();
        let ttl = self.ttl(key, &value, ttl);
        let jittered = self
            .rules
            .jitter
            .map_or(ttl, |jitter| jitter.shorten(ttl, noise));
        let ends = self.rules.ends(began, jittered);
        let life = Life {
            began,
            fresh_until: ends.fresh_until,
            stale_until: ends.stale_until,
            usable_until: ends.usable_until,
            tier_until: began + jittered,
            ttl,
            cost,
        };
        let weight = self.weight(key, &value);
        Entry::new(Some(value), epoch, tags, life, weight)
    }

    fn ttl(&self, key: &K, value: &V, asked: Option<Duration>) -> Duration {
        let class = self.rules.longest();
        let ttl = match &self.adaptive {
            None => class,
            Some(adaptive) => {
                let before = self.values.get(&self.probe(key));
                let ttl = adaptive.ttl(class, before.as_deref(), value);
                if before.is_some_and(|before| before.life.ttl != ttl) {
                    self.counters.ttl_adapted.one();
                }
                ttl
            }
        };
        asked.map_or(ttl, |asked| asked.min(ttl))
    }

    fn absence(&self, key: &K, epoch: Epoch, began: Moment) -> Entry<V> {
        let ttl = self.rules.negative_ttl.unwrap_or_default();
        let until = began + ttl;
        let life = Life {
            began,
            fresh_until: until,
            stale_until: until,
            usable_until: until,
            tier_until: began,
            ttl,
            cost: Duration::ZERO,
        };
        Entry::new(None, epoch, self.tags_of(key).into(), life, 1)
    }

    fn weight(&self, key: &K, value: &V) -> u64 {
        let behind = self.weigh.as_ref().map_or(0, |weigh| weigh(key, value));
        let in_place = size_of::<Keyed<K>>() + size_of::<Entry<V>>() + OVERHEAD;
        let bytes = behind.saturating_add(in_place);
        u64::try_from(bytes)
            .unwrap_or(u64::MAX)
            .max(self.rules.lightest)
    }
}

/// What the shelf needs for an entry besides: its slot and links, its place in the
/// table, and the counts of the `Arc`.
const OVERHEAD: usize = 72;
