//! Look-ups, from the question to the answer.

use std::sync::Arc;

use auth_core::Monotonic;

use super::engine::{Engine, Outcome};
use super::entry::Entry;
use super::found::{Lookup, Origin};
use super::guard::fence::Epoch;
use super::guard::single_flight::{Flight, Join};
use super::guard::stale_if_error::RETRY_AFTER;
use super::job::Job;
use super::key::{Key, Keyed, Probe, Value};
use super::memory::Seen;
use super::shelf::Shelf;
use super::sync::Std;
use super::ttl::Moment;
use super::unavailable::{Reason, Unavailable};

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

    fn count(&self, probe: &Probe<'_, K>, entry: &Entry<V>, origin: Origin) {
        match origin {
            Origin::Stale => self.counters.stale_served.one(),
            Origin::StaleIfError => self.counters.stale_if_error_served.one(),
            _ if entry.value.is_none() => self.counters.negative_hits.one(),
            _ => {
                if self.counters.hit(probe.hash) {
                    entry.warms();
                }
            }
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
            is_revoked: self.is_revoked,
        }
    }
}
