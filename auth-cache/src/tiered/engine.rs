//! What the handles of a cache share: how a look-up is answered.

use std::fmt;
use std::hash::RandomState;
use std::sync::Arc;

use auth_core::{Clock, Monotonic, SecureRandom};
use tokio::runtime::Handle;

use super::builder::{TagsOf, Weigh};
use super::entry::Entry;
use super::guard::adaptive_ttl::AdaptiveTtl;
use super::guard::fence::{Epoch, Fence, TagStripe};
use super::guard::security_state::Guarded;
use super::guard::single_flight::{Flight, Flights, Join};
use super::guard::stale_if_error::RETRY_AFTER;
use super::job::Job;
use super::key::{Key, Keyed, Probe, Value};
use super::lane::{Lane, Limits};
use super::loader::Loader;
use super::lookup::{Lookup, Origin};
use super::rules::Rules;
use super::second::SecondLevel;
use super::shelf::Shelf;
use super::stats::{CacheStats, Counters};
use super::sync::Std;
use super::ttl::Moment;
use super::unavailable::{Reason, Unavailable};

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

/// What memory says of a key.
enum Seen<V> {
    /// It is served.
    Answer(Arc<Entry<V>>, Origin),
    /// It is to be loaded.
    Missing,
}

/// A look-up that was begun.
pub(crate) enum Begun<K: Key, V: Value> {
    Answered(Answer<V>),
    Waits(Waiter<K, V>),
}

/// What a look-up came to.
pub(crate) struct Answer<V> {
    entry: Arc<Entry<V>>,
    origin: Origin,
    now: Moment,
    /// The source has just said what is revoked by now: the answer is "no".
    is_revoked: bool,
}

/// A caller that waits.
pub(crate) struct Waiter<K: Key, V: Value> {
    key: Keyed<K>,
    /// What was invalidated before the caller came.
    since: Epoch,
    pub(crate) flight: Arc<Flight<Outcome<V>, Std>>,
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

    /// Answers from memory, or joins a load.
    pub(crate) fn begin(self: &Arc<Self>, key: &K) -> Begun<K, V> {
        let probe = self.probe(key);
        let now = self.clock.mono();
        // Read before anything is looked at: what was invalidated until here must
        // not be seen.
        let since = self.fence.epoch();
        match self.see(&probe, now) {
            Seen::Answer(entry, origin) => {
                self.count(&probe, &entry, origin);
                self.refresh_if_due(&probe, &entry, origin, now);
                Begun::Answered(Answer::new(entry, origin, now))
            }
            Seen::Missing => self.wait(probe.to_keyed(), since, now),
        }
    }

    /// What memory has, if it is fresh. Nothing is counted and nothing loaded.
    pub(crate) fn peek(&self, key: &K) -> Option<V> {
        let probe = self.probe(key);
        let now = self.clock.mono();
        let entry = self.values.get(&probe)?;
        let is_fresh = self.is_fresh(&entry, Moment::of(now));
        is_fresh.then(|| entry.value.clone()).flatten()
    }

    /// Takes the outcome of the flight that a caller waited for.
    pub(crate) fn end(
        self: &Arc<Self>,
        waiter: Waiter<K, V>,
        outcome: Outcome<V>,
    ) -> Result<Begun<K, V>, Unavailable> {
        let now = self.clock.mono();
        let entry = match outcome {
            Ok(entry) => entry,
            Err(unavailable) => {
                let Some(entry) = self.fallback(&waiter.key.probe(), now) else {
                    return Err(unavailable);
                };
                self.counters.stale_if_error_served.one();
                let answer = Answer::new(entry, Origin::StaleIfError, now);
                return Ok(Begun::Answered(answer));
            }
        };
        // A load that began before an invalidation that came before the caller: that
        // of its key was seen when it was joined, those of its tags only now.
        if entry.epoch < waiter.since && !self.fence.is_current(entry.epoch, &entry.tags) {
            return Ok(self.wait(waiter.key, waiter.since, now));
        }
        let origin = if entry.is_from_tier {
            Origin::Tier
        } else {
            Origin::Source
        };
        let is_revoked = !self.stands(&entry);
        if is_revoked {
            self.counters.revoked.one();
        }
        let answer = Answer::new(entry, origin, now);
        Ok(Begun::Answered(Answer {
            is_revoked,
            ..answer
        }))
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

    fn wait(self: &Arc<Self>, key: Keyed<K>, since: Epoch, now: Monotonic) -> Begun<K, V> {
        let flight = match self.join(&key, now) {
            Join::Known(entry) => {
                self.count(&key.probe(), &entry, Origin::Memory);
                return Begun::Answered(Answer::new(entry, Origin::Memory, now));
            }
            Join::Follow(flight) => {
                self.counters.coalesced.one();
                flight
            }
            Join::Lead(flight) => {
                self.dispatch(Job::new(self, key.clone(), &flight, now));
                flight
            }
        };
        self.counters.misses.one();
        Begun::Waits(Waiter { key, since, flight })
    }

    fn join(&self, key: &Keyed<K>, now: Monotonic) -> Join<Outcome<V>, Std, Arc<Entry<V>>> {
        if !self.rules.single_flight {
            return Join::Lead(Flight::new(self.fence.epoch()));
        }
        let moment = Moment::of(now);
        let is_fresh = |entry: &Arc<Entry<V>>| self.is_fresh(entry, moment);
        self.flights.join(key, &self.fence, || {
            let probe = key.probe();
            let of = |shelf: &Shelf<K, V>| shelf.get(&probe).filter(is_fresh);
            of(&self.values).or_else(|| of(&self.absent))
        })
    }

    fn see(&self, probe: &Probe<'_, K>, now: Monotonic) -> Seen<V> {
        let Some(entry) = self.values.get(probe) else {
            return self.see_absent(probe, now);
        };
        let moment = Moment::of(now);
        if moment >= entry.life.usable_until || !self.fence.is_current(entry.epoch, &entry.tags) {
            return Seen::Missing;
        }
        if !self.stands(&entry) {
            self.counters.revoked.one();
            self.values.remove_entry(probe, &entry);
            return Seen::Missing;
        }
        if !self.trusts(&entry, moment) {
            self.counters.untrusted.one();
            return Seen::Missing;
        }
        if moment < entry.life.fresh_until {
            return Seen::Answer(entry, Origin::Memory);
        }
        if !self.may_be_stale(now) {
            return Seen::Missing;
        }
        if moment < entry.life.stale_until {
            return Seen::Answer(entry, Origin::Stale);
        }
        if entry.is_failing(moment) {
            return Seen::Answer(entry, Origin::StaleIfError);
        }
        Seen::Missing
    }

    fn see_absent(&self, probe: &Probe<'_, K>, now: Monotonic) -> Seen<V> {
        let moment = Moment::of(now);
        let is_fresh = |entry: &Arc<Entry<V>>| self.is_fresh(entry, moment);
        match self.absent.get(probe).filter(is_fresh) {
            Some(entry) => Seen::Answer(entry, Origin::Memory),
            None => Seen::Missing,
        }
    }

    fn is_fresh(&self, entry: &Entry<V>, now: Moment) -> bool {
        now < entry.life.fresh_until && self.may_serve(entry) && self.trusts(entry, now)
    }

    /// Whether this process would have heard if another had invalidated it.
    fn trusts(&self, entry: &Entry<V>, now: Moment) -> bool {
        self.second
            .as_ref()
            .is_none_or(|second| second.trusts(entry.age(now)))
    }

    fn may_serve(&self, entry: &Entry<V>) -> bool {
        self.fence.is_current(entry.epoch, &entry.tags) && self.stands(entry)
    }

    fn stands(&self, entry: &Entry<V>) -> bool {
        self.guarded
            .as_ref()
            .is_none_or(|guarded| guarded.stands(entry))
    }

    fn may_be_stale(&self, now: Monotonic) -> bool {
        self.guarded
            .as_ref()
            .is_none_or(|guarded| guarded.is_live(now))
    }

    /// What a caller is given that has waited for nothing: what memory has, if it may be
    /// that old. Looked up again, since it may have been invalidated meanwhile.
    fn fallback(&self, probe: &Probe<'_, K>, now: Monotonic) -> Option<Arc<Entry<V>>> {
        if self.rules.stale_if_error.is_zero() || !self.may_be_stale(now) {
            return None;
        }
        let entry = self.values.get(probe)?;
        let is_usable = Moment::of(now) < entry.life.usable_until && self.may_serve(&entry);
        is_usable.then_some(entry)
    }

    fn count(&self, probe: &Probe<'_, K>, entry: &Entry<V>, origin: Origin) {
        match origin {
            Origin::Stale => self.counters.stale_served.one(),
            Origin::StaleIfError => self.counters.stale_if_error_served.one(),
            _ if entry.value.is_none() => self.counters.negative_hits.one(),
            _ => self.counters.hit(probe.hash),
        }
    }

    /// Begins a load behind an answer, if it is time for one.
    fn refresh_if_due(
        self: &Arc<Self>,
        probe: &Probe<'_, K>,
        entry: &Entry<V>,
        origin: Origin,
        now: Monotonic,
    ) {
        let moment = Moment::of(now);
        let is_early = match (origin, self.rules.early_refresh) {
            (Origin::Stale, _) => false,
            (Origin::Memory, Some(early)) if entry.value.is_some() => {
                let life = &entry.life;
                let is_near = moment >= life.early_from;
                if !is_near || !early.is_due(moment, life.fresh_until, life.cost, &*self.random) {
                    return;
                }
                true
            }
            _ => return,
        };
        if !entry.claims_refresh(moment, RETRY_AFTER) {
            return;
        }
        let key = probe.to_keyed();
        let flight = match self.flights.join(&key, &self.fence, || None::<()>) {
            Join::Lead(flight) => flight,
            Join::Follow(_) | Join::Known(()) => return,
        };
        if is_early {
            self.counters.early_refreshes.one();
        }
        let mut job = Job::new(self, key, &flight, now);
        // What ends in the tier at the same time is not worth having from there, but
        // another process may have put something newer there.
        let tier_until = entry.life.tier_until;
        job.renews = (entry.life.fresh_until >= tier_until).then_some(tier_until);
        self.dispatch(job);
    }
}

impl<K: Key, V: Value> Waiter<K, V> {
    /// The caller's own deadline came first.
    pub(crate) fn too_late(engine: &Engine<K, V>) -> Outcome<V> {
        engine.counters.deadlines_passed.one();
        Err(Unavailable::new(Reason::DeadlinePassed))
    }
}

impl<V: Value> Answer<V> {
    fn new(entry: Arc<Entry<V>>, origin: Origin, now: Monotonic) -> Self {
        Self {
            entry,
            origin,
            now: Moment::of(now),
            is_revoked: false,
        }
    }

    pub(crate) fn value(&self) -> Option<V> {
        if self.is_revoked {
            return None;
        }
        self.entry.value.clone()
    }

    pub(crate) fn lookup(&self) -> Lookup<V> {
        Lookup {
            value: self.value(),
            origin: self.origin,
            age: self.entry.age(self.now),
        }
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
