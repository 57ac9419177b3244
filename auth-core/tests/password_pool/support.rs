//! A pool whose hashes wait at a gate, and whose time stands still.

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use auth_core::password::{HashError, HashPool, HashPoolBuilder, Password, PasswordHash, danger};
use auth_core::{
    Clock, Deadline, EntropyError, ManualClock, SecureRandom, SystemRandom, Timestamp,
};

/// No test waits this long unless it hangs.
pub(crate) const HANG: Duration = Duration::from_secs(30);

/// A source of salts that a hash can be held up in: each needs a permit.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    state: Mutex<GateState>,
    changed: Condvar,
}

#[derive(Debug, Default)]
pub(crate) struct GateState {
    permits: usize,
    entered: usize,
}

impl Gate {
    pub(crate) fn open(&self, permits: usize) {
        self.state.lock().unwrap().permits += permits;
        self.changed.notify_all();
    }

    /// Waits until so many hashes have begun.
    pub(crate) fn wait_for(&self, entered: usize) {
        let state = self.state.lock().unwrap();
        let (_state, wait) = self
            .changed
            .wait_timeout_while(state, HANG, |state| state.entered < entered)
            .unwrap();
        assert!(!wait.timed_out(), "the hash never began");
    }
}

impl SecureRandom for Gate {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), EntropyError> {
        let mut state = self.state.lock().unwrap();
        state.entered += 1;
        self.changed.notify_all();
        let (mut state, wait) = self
            .changed
            .wait_timeout_while(state, HANG, |state| state.permits == 0)
            .unwrap();
        assert!(!wait.timed_out(), "the gate never opened");
        state.permits -= 1;
        SystemRandom::new().fill(buffer)
    }
}

/// A source of salts that lets time pass: a hash takes `takes`.
#[derive(Debug)]
pub(crate) struct Slow {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) takes: Duration,
}

impl SecureRandom for Slow {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), EntropyError> {
        self.clock.advance(self.takes);
        SystemRandom::new().fill(buffer)
    }
}

pub(crate) struct Bench {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) gate: Arc<Gate>,
    pub(crate) pool: HashPool,
}

impl Bench {
    /// One thread, and a gate that is shut.
    pub(crate) fn new(configure: impl FnOnce(HashPoolBuilder) -> HashPoolBuilder) -> Self {
        let clock = still_clock();
        let gate = Arc::new(Gate::default());
        let builder = weak().with_clock(clock.clone()).with_random(gate.clone());
        Self {
            clock,
            gate,
            pool: configure(builder).build().unwrap(),
        }
    }

    pub(crate) fn within(&self, within: Duration) -> Deadline {
        Deadline::after(self.clock.now(), within)
    }

    pub(crate) fn hash(
        &self,
    ) -> impl Future<Output = Result<PasswordHash, HashError>> + Send + 'static + use<> {
        self.pool.hash(password("hunter2"), self.within(HANG))
    }
}

/// The patience of one who is just let in if the wait is so long: a sixteenth of it
/// is to spare.
pub(crate) fn enough_for(wait: Duration) -> Duration {
    wait * 16 / 15 + Duration::from_nanos(1)
}

pub(crate) fn weak() -> HashPoolBuilder {
    HashPool::builder()
        .with_params(danger::argon2_params(8, 1, 1).unwrap())
        .with_threads(1)
}

pub(crate) fn still_clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(Timestamp::from_unix_seconds(1_800_000_000)))
}

pub(crate) fn password(text: &str) -> Password {
    Password::new(text.to_owned()).unwrap()
}

pub(crate) async fn answer<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(HANG, future).await.unwrap()
}
