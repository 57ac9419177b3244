//! What is known of the issuer's keys, and since when.

use std::time::Duration;

use auth_core::Monotonic;
use auth_core::key::KeySet;

use super::schedule::Schedule;

/// What is known.
#[derive(Debug)]
pub(super) struct State {
    pub(super) schedule: Schedule,
    max_age: Duration,
    known: Option<Known>,
}

#[derive(Debug)]
struct Known {
    set: KeySet,
    /// When the fetch began: the issuer said it no earlier.
    since: Monotonic,
}

impl State {
    pub(super) fn new(schedule: Schedule, max_age: Duration) -> Self {
        Self {
            schedule,
            max_age,
            known: None,
        }
    }

    /// The keys, unless they are too old to be believed.
    pub(super) fn keys(&self, now: Monotonic) -> KeySet {
        match &self.known {
            Some(known) if micros(now) < self.too_old_at(known) => known.set.clone(),
            _ => KeySet::default(),
        }
    }

    /// When the keys will be too old to be believed, in microseconds; `None`
    /// while there are none.
    pub(super) fn changes_at(&self) -> Option<i64> {
        self.known.as_ref().map(|known| self.too_old_at(known))
    }

    fn too_old_at(&self, known: &Known) -> i64 {
        micros(known.since + self.max_age).saturating_add(1)
    }

    /// How old the keys are, whether they are believed or not.
    pub(super) fn age(&self, now: Monotonic) -> Option<Duration> {
        self.known.as_ref().map(|known| now.since(known.since))
    }

    /// Whether it can be said of a key id that the issuer has no such key: it
    /// spoke last, and showed some.
    pub(super) fn can_tell(&self, now: Monotonic) -> bool {
        !self.schedule.is_failing() && self.keys(now).iter().next().is_some()
    }

    /// The fetch that began at `since` ended, with a set if it was good. The
    /// set replaces the old one as a whole, so no key outlives its id. Gives
    /// the fetch's number.
    pub(super) fn end(&mut self, set: Option<KeySet>, since: Monotonic) -> u64 {
        let is_good = set.is_some();
        if let Some(set) = set {
            self.known = Some(Known { set, since });
        }
        self.schedule.end(is_good)
    }
}

/// In microseconds, as a [`KeyEpoch`](auth_core::key::KeyEpoch) counts.
pub(super) fn micros(mono: Monotonic) -> i64 {
    i64::try_from(mono.elapsed().as_micros()).unwrap_or(i64::MAX)
}
