//! Points in time: the wall clock that tokens speak of, and the monotonic
//! clock that deadlines and leases are measured by.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A point on the wall clock: whole microseconds since 1970-01-01 UTC.
///
/// Microseconds are what PostgreSQL keeps, so a value survives every store
/// unchanged. All arithmetic saturates: a hostile `exp` cannot overflow.
///
/// ```
/// use std::time::Duration;
/// use auth_core::Timestamp;
///
/// let t = Timestamp::from_unix_seconds(1_800_000_000);
/// assert_eq!((t + Duration::from_secs(5)).unix_seconds(), 1_800_000_005);
/// assert_eq!((t + Duration::from_millis(1999)).unix_seconds(), 1_800_000_001);
/// ```
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The latest point that can be expressed.
    pub const MAX: Self = Self(i64::MAX);

    /// From whole microseconds since the Unix epoch.
    pub const fn from_unix_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// From whole seconds since the Unix epoch, as a JWT `NumericDate` counts
    /// them (RFC 7519 §2).
    pub const fn from_unix_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000))
    }

    /// Whole microseconds since the Unix epoch.
    pub const fn unix_micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since the Unix epoch, rounded down.
    pub const fn unix_seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// The time from `earlier` to `self`; zero when `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        let micros = self.0.saturating_sub(earlier.0);
        Duration::from_micros(u64::try_from(micros).unwrap_or(0))
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

impl std::ops::Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(micros(duration)))
    }
}

impl std::ops::Sub<Duration> for Timestamp {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(micros(duration)))
    }
}

/// A point on a clock that never goes back: time since some fixed point of
/// this process. It means nothing in another process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Monotonic(Duration);

impl Monotonic {
    /// From the time that has passed since the clock's own fixed point.
    pub const fn from_elapsed(elapsed: Duration) -> Self {
        Self(elapsed)
    }

    /// The time that has passed since the clock's own fixed point.
    pub const fn elapsed(self) -> Duration {
        self.0
    }

    /// The time from `earlier` to `self`; zero when `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl std::ops::Add<Duration> for Monotonic {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration))
    }
}

/// The point after which a caller no longer wants the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Monotonic);

impl Deadline {
    /// At this point.
    pub const fn at(point: Monotonic) -> Self {
        Self(point)
    }

    /// `within` from `now`.
    pub fn after(now: Now, within: Duration) -> Self {
        Self(now.mono + within)
    }

    /// What is left of it at `now`; zero once it has passed.
    pub fn remaining(self, now: Now) -> Duration {
        self.0.since(now.mono)
    }

    /// Whether it has passed at `now`.
    pub fn has_passed(self, now: Now) -> bool {
        now.mono >= self.0
    }
}

/// One reading of both clocks: `exp` is judged by [`wall`](Self::wall),
/// deadlines and leases by [`mono`](Self::mono).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// What the calendar says.
    pub wall: Timestamp,
    /// What the stop-watch says.
    pub mono: Monotonic,
}
