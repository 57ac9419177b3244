//! How long values live.

use std::time::Duration;

use auth_core::Monotonic;

/// How long what was loaded is fresh. Three classes, so that a cache is chosen by
/// how fast its data changes and not by a number that nobody remembers.
///
/// The first level keeps nothing fresh for longer than 5 min; of the classes only
/// [`Long`](Self::Long) is longer, and lives on in the second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TtlClass {
    /// 30 s: what changes while people watch.
    Short,
    /// 5 min: what changes now and then.
    #[default]
    Medium,
    /// 1 h: what hardly changes.
    Long,
}

impl TtlClass {
    /// The time of the class.
    pub const fn duration(self) -> Duration {
        Duration::from_secs(match self {
            Self::Short => 30,
            Self::Medium => 300,
            Self::Long => 3_600,
        })
    }
}

/// The longest time that the first level keeps anything fresh: what another
/// process changed without a word is seen after that, whatever the class.
pub(crate) const L1_MOST: Duration = Duration::from_secs(300);

/// A point on the monotonic clock, in the nanoseconds of one word: entries have
/// several of them, some of which are atomic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(pub(crate) u64);

impl Moment {
    pub(crate) const NEVER: Self = Self(u64::MAX);

    pub(crate) fn of(point: Monotonic) -> Self {
        let elapsed = point.elapsed();
        let seconds = elapsed.as_secs().saturating_mul(1_000_000_000);
        Self(seconds.saturating_add(u64::from(elapsed.subsec_nanos())))
    }

    /// So long before, or the clock's own beginning.
    pub(crate) fn before(self, time: Duration) -> Self {
        Self(self.0.saturating_sub(nanos(time)))
    }

    pub(crate) const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl std::ops::Add<Duration> for Moment {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(nanos(duration)))
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
