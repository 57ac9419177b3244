//! A key to be loaded, and those who wait for it.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use auth_core::Monotonic;

use super::engine::{Engine, Outcome};
use super::guard::single_flight::Flight;
use super::guard::stale_if_error::RETRY_AFTER;
use super::key::{Key, Keyed, Value};
use super::sharing::Lease;
use super::sync::Std;
use super::ttl::Moment;
use super::unavailable::{Reason, Unavailable};

/// A key to be loaded. Whatever becomes of it, those who wait are told: one that is
/// dropped, by a panic or a runtime that ends, ends its flight.
pub(crate) struct Job<K: Key, V: Value> {
    engine: Arc<Engine<K, V>>,
    pub(crate) key: Keyed<K>,
    pub(crate) flight: Arc<Flight<Outcome<V>, Std>>,
    pub(crate) deadline: Moment,
    /// To be loaded although the tier has it, if what the tier has ends by then.
    pub(crate) renews: Option<Moment>,
    /// The right to put it into the tier.
    pub(crate) lease: Option<Lease>,
    /// When another process was first found loading it.
    pub(crate) held_since: Option<Moment>,
    /// How long the last wait for that process was.
    pub(crate) pause: Duration,
    is_ended: bool,
}

impl<K: Key, V: Value> Job<K, V> {
    pub(crate) fn new(
        engine: &Arc<Engine<K, V>>,
        key: Keyed<K>,
        flight: &Arc<Flight<Outcome<V>, Std>>,
        now: Monotonic,
    ) -> Self {
        Self {
            engine: Arc::clone(engine),
            key,
            flight: Arc::clone(flight),
            deadline: Moment::of(now) + engine.rules.load_deadline,
            renews: None,
            lease: None,
            held_since: None,
            pause: Duration::ZERO,
            is_ended: false,
        }
    }

    /// Tells those who wait.
    pub(crate) fn end(&mut self, outcome: Outcome<V>) {
        self.is_ended = true;
        self.engine.flights.finish(&self.key, &self.flight, outcome);
    }

    /// Tells those who wait that it cannot be told.
    pub(crate) fn fail(&mut self, why: &Unavailable) {
        let engine = &self.engine;
        engine.counters.load_failures.one();
        if let Some(entry) = engine.values.get(&self.key.probe()) {
            entry.note_failure(engine.moment(), RETRY_AFTER);
        }
        engine.fill(self.lease.take().map(|lease| lease.end(None)));
        self.end(Err(why.clone()));
    }
}

/// Tells those who wait for any of them, and gives the leases back at once.
pub(crate) fn fail_all<K: Key, V: Value>(jobs: Vec<Job<K, V>>, why: &Unavailable) {
    let mut jobs = jobs;
    let leases: Vec<_> = jobs.iter_mut().filter_map(|job| job.lease.take()).collect();
    if let Some(job) = jobs.first() {
        let engine = Arc::clone(&job.engine);
        engine.fill(leases.into_iter().map(|lease| lease.end(None)));
    }
    for job in &mut jobs {
        job.fail(why);
    }
}

impl<K: Key, V: Value> Drop for Job<K, V> {
    fn drop(&mut self) {
        if !self.is_ended {
            let reason = if thread::panicking() {
                Reason::Panicked
            } else {
                Reason::ShutDown
            };
            self.fail(&Unavailable::new(reason));
        }
    }
}
