//! Where time comes from. Nothing else in these crates asks the system.

mod anchor;

use std::fmt;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anchor::Anchor;

use crate::time::{Monotonic, Now, Timestamp};

/// A source of time.
///
/// # Contract
/// `mono` never goes back and advances at the rate of real time (an error
/// below 1 % is what the revocation guarantee assumes). `wall` may jump. A
/// clock that runs slow keeps expired tokens alive.
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// Reads both clocks at once.
    fn now(&self) -> Now;

    /// Reads the monotonic clock alone, where the calendar is of no interest: half
    /// the work, for those who ask often. It is the `mono` of [`now`](Self::now).
    fn mono(&self) -> Monotonic {
        self.now().mono
    }
}

/// The operating system's clocks.
///
/// Both are had for the price of one: what the wall clock is ahead of the
/// monotonic one is asked for every 100 ms at most, and added meanwhile.
///
/// Not guaranteed: that a step of the wall clock is seen at once. It is seen
/// 100 ms later at the latest, of monotonic time, by every thread.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Now {
        static ANCHOR: Anchor = Anchor::new();
        let mono = self.mono();
        let wall = ANCHOR.wall(micros(mono), system_wall);
        Now { wall, mono }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that asks the system"
    )]
    fn mono(&self) -> Monotonic {
        static START: OnceLock<Instant> = OnceLock::new();
        Monotonic::from_elapsed(START.get_or_init(Instant::now).elapsed())
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that asks the system"
)]
fn system_wall() -> Timestamp {
    // Before 1970 everything would look unexpired; the far future is the
    // safe reading of an impossible clock.
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|d| i64::try_from(d.as_micros()).ok())
        .map_or(Timestamp::MAX, Timestamp::from_unix_micros)
}

/// A clock that stands still until it is told to move: for tests.
///
/// ```
/// use std::time::Duration;
/// use auth_core::{Clock, ManualClock, Timestamp};
///
/// let clock = ManualClock::at(Timestamp::from_unix_seconds(1_800_000_000));
/// clock.advance(Duration::from_secs(60));
/// assert_eq!(clock.now().wall.unix_seconds(), 1_800_000_060);
/// ```
#[derive(Debug)]
pub struct ManualClock {
    wall_micros: AtomicI64,
    mono_micros: AtomicU64,
}

impl ManualClock {
    /// A clock whose wall stands at `wall`.
    pub const fn at(wall: Timestamp) -> Self {
        Self {
            wall_micros: AtomicI64::new(wall.unix_micros()),
            mono_micros: AtomicU64::new(0),
        }
    }

    /// Lets `by` pass on both clocks.
    pub fn advance(&self, by: Duration) {
        let micros = u64::try_from(by.as_micros()).unwrap_or(u64::MAX);
        self.mono_micros.fetch_add(micros, Ordering::SeqCst);
        self.wall_micros
            .fetch_add(micros.cast_signed(), Ordering::SeqCst);
    }

    /// Steps the wall clock alone, as an administrator or NTP would.
    pub fn set_wall(&self, wall: Timestamp) {
        self.wall_micros.store(wall.unix_micros(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Now {
        Now {
            wall: Timestamp::from_unix_micros(self.wall_micros.load(Ordering::SeqCst)),
            mono: Monotonic::from_elapsed(Duration::from_micros(
                self.mono_micros.load(Ordering::SeqCst),
            )),
        }
    }
}

/// A clock that is never behind the latest store time it was shown, plus the
/// monotonic time since: a verifier whose wall clock lags, or was set back,
/// neither refuses a token that was just issued nor revives an expired one.
#[derive(Debug)]
pub struct FlooredClock {
    inner: Arc<dyn Clock>,
    /// The greatest (store wall − own mono) ever seen, in microseconds.
    floor: AtomicI64,
}

impl FlooredClock {
    /// Over `inner`, without a floor as yet.
    pub const fn new(inner: Arc<dyn Clock>) -> Self {
        Self {
            inner,
            floor: AtomicI64::new(i64::MIN),
        }
    }

    /// Raises the floor: an answer that has just arrived says that the store's
    /// clock stood at `wall`. Dated by its arrival, the floor never runs ahead
    /// of the store; it never sinks again.
    pub fn observe(&self, wall: Timestamp) {
        let mono = micros(self.inner.mono());
        self.floor
            .fetch_max(wall.unix_micros().saturating_sub(mono), Ordering::AcqRel);
    }
}

impl FlooredClock {
    /// What the store's clock stands at, at least, by all that was observed;
    /// `None` before the first observation. Unlike [`now`](Clock::now) it owes
    /// nothing to the wall clock: what has expired by it, has for good.
    pub fn store_time(&self) -> Option<Timestamp> {
        self.store_time_at(self.inner.mono())
    }

    /// [`store_time`](Self::store_time), at a reading of this clock.
    pub fn store_time_at(&self, mono: Monotonic) -> Option<Timestamp> {
        let floor = self.floor.load(Ordering::Acquire);
        let time = || Timestamp::from_unix_micros(floor.saturating_add(micros(mono)));
        (floor != i64::MIN).then(time)
    }
}

impl Clock for FlooredClock {
    fn now(&self) -> Now {
        let Now { wall, mono } = self.inner.now();
        let floor = self
            .floor
            .load(Ordering::Acquire)
            .saturating_add(micros(mono));
        Now {
            wall: wall.max(Timestamp::from_unix_micros(floor)),
            mono,
        }
    }

    fn mono(&self) -> Monotonic {
        self.inner.mono()
    }
}

fn micros(mono: Monotonic) -> i64 {
    i64::try_from(mono.elapsed().as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_monotonic_clock_alone_is_the_one_of_both() {
        let before = SystemClock.mono();
        let both = SystemClock.now().mono;
        assert!(before <= both && both <= SystemClock.mono());

        let manual = Arc::new(ManualClock::at(Timestamp::from_unix_seconds(1_000)));
        manual.advance(Duration::from_secs(7));
        assert_eq!(manual.mono(), manual.now().mono);
        assert_eq!(FlooredClock::new(manual.clone()).mono(), manual.mono());
    }

    #[test]
    fn the_systems_clock_says_what_the_system_says() {
        for _ in 0..1_000 {
            let before = system_wall();
            let now = SystemClock.now().wall;
            // The wall clock may be set or slewed while the test runs, by less than this.
            assert!(before.since(now) < Duration::from_secs(1));
            assert!(now.since(before) < Duration::from_secs(1));
        }
    }

    #[test]
    fn a_floored_clock_is_never_behind_the_store_nor_the_wall() {
        let wall = Timestamp::from_unix_seconds(1_000);
        let inner = Arc::new(ManualClock::at(wall));
        let clock = FlooredClock::new(inner.clone());
        assert_eq!(clock.now().wall, wall);

        clock.observe(wall + Duration::from_secs(10));
        inner.advance(Duration::from_secs(1));
        assert_eq!(clock.now().wall, wall + Duration::from_secs(11));

        inner.set_wall(Timestamp::from_unix_seconds(0));
        clock.observe(wall);
        assert_eq!(clock.now().wall, wall + Duration::from_secs(11));

        inner.set_wall(wall + Duration::from_secs(60));
        assert_eq!(clock.now().wall, wall + Duration::from_secs(60));
    }
}
