//! What becomes of a loaded value.

use std::sync::Arc;
use std::time::Duration;

use super::engine::Engine;
use super::entry::{Entry, Life};
use super::guard::fence::{Epoch, TagStripe};
use super::job::Job;
use super::key::{Key, Keyed, Value};
use super::loader::Loaded;
use super::noise::Noise;
use super::shelf::Shelf;
use super::ttl::Moment;
use crate::tier::{Fill, Record};

/// When and how the source was asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OfSource {
    pub(crate) began: Moment,
    pub(crate) cost: Duration,
    pub(crate) now: Moment,
}

/// What the tier says of a value, and when it was asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OfTier {
    pub(crate) asked: Moment,
    pub(crate) lives: Duration,
    pub(crate) age: Duration,
    pub(crate) cost: Duration,
}

impl<K: Key, V: Value> Engine<K, V> {
    /// Keeps what the source said of a key, and tells those who wait. Gives what the
    /// tier is to be told, if it granted the lease.
    pub(crate) fn settle(
        &self,
        job: &mut Job<K, V>,
        loaded: Option<Loaded<V>>,
        of: OfSource,
        noise: &mut Noise,
    ) -> Option<Fill> {
        let epoch = job.flight.epoch;
        let (entry, may_share) = match loaded {
            Some(loaded) => {
                // Versions of tags that were not known before the load were not read
                // before it either.
                let may_share = loaded.tags.is_empty();
                (
                    self.entry(&job.key.key, epoch, loaded, of, noise),
                    may_share,
                )
            }
            None => (self.absence(&job.key.key, epoch, of.began), false),
        };
        let entry = Arc::new(entry);
        let is_kept = self.keep(&job.key, &entry);
        job.end(Ok(Arc::clone(&entry)));
        // An invalidation that the tier knows of has taken the lease along. What is not
        // kept here for want of hearing from others is of use to them all the same.
        let may_share = may_share && (is_kept || self.may_share(&job.key));
        let record = |value| {
            let second = self.second.as_ref()?;
            Some(Record {
                value: second.codec.write(value)?,
                lives: entry.life.tier_until.since(of.now),
                age: of.now.since(of.began),
                cost: of.cost,
            })
        };
        let lease = job.lease.take()?;
        let shared = entry.value.as_ref().filter(|_| may_share);
        Some(lease.end(shared.and_then(record)))
    }

    /// Keeps what the tier had of a key, and tells those who wait.
    pub(crate) fn settle_found(&self, job: &mut Job<K, V>, value: V, of: OfTier) {
        let key = &job.key.key;
        let ends = self.rules.ends(of.asked, of.age, of.lives);
        let life = Life {
            asked: of.asked,
            age: of.age,
            early_from: self.early_from(ends.fresh_until, of.cost),
            fresh_until: ends.fresh_until,
            stale_until: ends.stale_until,
            usable_until: ends.usable_until,
            tier_until: of.asked + of.lives,
            ttl: of.lives,
            cost: of.cost,
        };
        let weight = self.weight(key, &value);
        let tags = self.tags_of(key).into();
        let mut entry = Entry::new(Some(value), job.flight.epoch, tags, life, weight);
        entry.is_from_tier = true;
        let entry = Arc::new(entry);
        self.keep(&job.key, &entry);
        job.end(Ok(entry));
    }

    /// Keeps an entry, unless it was invalidated since its load began.
    fn keep(&self, key: &Keyed<K>, entry: &Arc<Entry<V>>) -> bool {
        let keep = || self.put(key, entry);
        // What is displaced is dropped when the lock has been let go.
        let displaced = self.fence.admit(key.hash, entry.epoch, &entry.tags, keep);
        if displaced.is_none() {
            self.counters.rejected.one();
        }
        displaced.is_some()
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
        of: OfSource,
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
        let ends = self.rules.ends(of.began, Duration::ZERO, jittered);
        let life = Life {
            asked: of.began,
            age: Duration::ZERO,
            early_from: self.early_from(ends.fresh_until, of.cost),
            fresh_until: ends.fresh_until,
            stale_until: ends.stale_until,
            usable_until: ends.usable_until,
            tier_until: of.began + jittered,
            ttl,
            cost: of.cost,
        };
        let weight = self.weight(key, &value);
        Entry::new(Some(value), epoch, tags, life, weight)
    }

    fn early_from(&self, expiry: Moment, cost: Duration) -> Moment {
        let early = self.rules.early_refresh;
        early.map_or(Moment::NEVER, |early| early.from(expiry, cost))
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
            asked: began,
            age: Duration::ZERO,
            early_from: Moment::NEVER,
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
