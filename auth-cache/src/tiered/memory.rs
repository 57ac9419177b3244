//! What memory says of a key.

use std::sync::Arc;

use auth_core::Monotonic;

use super::engine::Engine;
use super::entry::Entry;
use super::found::Origin;
use super::key::{Key, Probe, Value};
use super::ttl::Moment;

/// What memory says of a key.
pub(crate) enum Seen<V> {
    /// It is served.
    Answer(Arc<Entry<V>>, Origin),
    /// It is to be loaded.
    Missing,
}

impl<K: Key, V: Value> Engine<K, V> {
    /// What memory has, if it is fresh. Nothing is counted and nothing loaded.
    pub(crate) fn peek(&self, key: &K) -> Option<V> {
        let probe = self.probe(key);
        let now = self.clock.mono();
        let entry = self.values.get(&probe)?;
        let is_fresh = self.is_fresh(&entry, Moment::of(now));
        is_fresh.then(|| entry.value.clone()).flatten()
    }

    pub(crate) fn see(&self, probe: &Probe<'_, K>, now: Monotonic) -> Seen<V> {
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

    pub(crate) fn is_fresh(&self, entry: &Entry<V>, now: Moment) -> bool {
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

    pub(crate) fn stands(&self, entry: &Entry<V>) -> bool {
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
    pub(crate) fn fallback(&self, probe: &Probe<'_, K>, now: Monotonic) -> Option<Arc<Entry<V>>> {
        if self.rules.stale_if_error.is_zero() || !self.may_be_stale(now) {
            return None;
        }
        let entry = self.values.get(probe)?;
        let is_usable = Moment::of(now) < entry.life.usable_until && self.may_serve(&entry);
        is_usable.then_some(entry)
    }
}
