//! How much, and how fast it comes back.

use std::num::{NonZeroU16, NonZeroU32};
use std::time::Duration;

/// So much at once, and all of it back after a time: `burst` and `per`.
///
/// What was spent comes back one by one, each after `per / burst`, the emission
/// interval. It is kept in whole microseconds, rounded up: never more than asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Quota {
    burst: NonZeroU32,
    /// Microseconds; at most [`MOST`] / `burst`.
    interval: u64,
}

/// No quota says this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QuotaError {
    /// Nothing would ever be allowed.
    #[error("a quota allows at least one")]
    NoBurst,
    /// Everything would be.
    #[error("the time of a quota is not zero")]
    NoTime,
    /// More than [`Quota::LONGEST`].
    #[error("the time of a quota is at most 366 days")]
    TooLong,
}

/// The longest window, in microseconds: about 142 years. That far, sums with the time
/// of this century are exact in the numbers of Lua too.
pub(super) const MOST: u64 = 1 << 52;

impl Quota {
    /// The longest time that a quota is made for.
    pub const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);

    /// `burst` at once, and as many again in every `per`.
    ///
    /// # Errors
    /// [`QuotaError`] if either is zero, or `per` longer than [`LONGEST`](Self::LONGEST).
    pub fn new(burst: u32, per: Duration) -> Result<Self, QuotaError> {
        let burst = NonZeroU32::new(burst).ok_or(QuotaError::NoBurst)?;
        if per.is_zero() {
            return Err(QuotaError::NoTime);
        }
        if per > Self::LONGEST {
            return Err(QuotaError::TooLong);
        }
        let interval = per.as_nanos().div_ceil(1_000 * u128::from(burst.get()));
        let interval = u64::try_from(interval).map_err(|_| QuotaError::TooLong)?;
        Ok(Self { burst, interval })
    }

    /// How much may be done at once.
    pub const fn burst(&self) -> NonZeroU32 {
        self.burst
    }

    /// How long it takes until one is back: T.
    pub const fn emission_interval(&self) -> Duration {
        Duration::from_micros(self.interval)
    }

    /// How long it takes until all are: T × burst.
    pub fn window(&self) -> Duration {
        Duration::from_micros(self.window_micros())
    }

    /// The share of one of `instances`, so that all of them together come to no more per
    /// time: T is so many times as long, and the burst so much smaller, though never less
    /// than one. Together they may do `instances` at once where the burst is less.
    pub fn shared_by(&self, instances: NonZeroU16) -> Self {
        let instances = u32::from(instances.get());
        let burst = NonZeroU32::new(self.burst.get() / instances).unwrap_or(NonZeroU32::MIN);
        let interval = self.interval.saturating_mul(u64::from(instances));
        Self {
            burst,
            interval: interval.min(MOST / u64::from(burst.get())),
        }
    }

    pub(super) const fn interval_micros(&self) -> u64 {
        self.interval
    }

    pub(super) fn window_micros(&self) -> u64 {
        // At most `MOST`: 366 days rounded up for each of 2^32, or cut to that.
        self.interval * u64::from(self.burst.get())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_quota_is_refused_by_name() {
        let second = Duration::from_secs(1);
        assert_eq!(Quota::new(0, second), Err(QuotaError::NoBurst));
        assert_eq!(Quota::new(1, Duration::ZERO), Err(QuotaError::NoTime));
        let long = Quota::LONGEST + Duration::from_nanos(1);
        assert_eq!(Quota::new(1, long), Err(QuotaError::TooLong));
    }

    #[test]
    fn the_interval_is_rounded_up_and_no_extreme_overflows() {
        let quota = Quota::new(3, Duration::from_secs(1)).unwrap();
        assert_eq!(quota.emission_interval(), Duration::from_micros(333_334));
        let tiny = Quota::new(u32::MAX, Duration::from_nanos(1)).unwrap();
        assert_eq!(tiny.emission_interval(), Duration::from_micros(1));
        for burst in [1, 2, 1_000, u32::MAX] {
            let quota = Quota::new(burst, Quota::LONGEST).unwrap();
            assert!(quota.window() >= Quota::LONGEST && quota.window_micros() <= MOST);
            let share = quota.shared_by(NonZeroU16::MAX);
            assert!(share.window_micros() <= MOST);
            assert!(share.emission_interval() >= quota.emission_interval());
        }
    }

    #[test]
    fn shares_come_to_no_more_than_the_whole() {
        let whole = Quota::new(10, Duration::from_secs(10)).unwrap();
        let share = whole.shared_by(NonZeroU16::new(4).unwrap());
        assert_eq!(share.burst().get(), 2);
        assert_eq!(share.emission_interval(), Duration::from_secs(4));
        assert_eq!(whole.shared_by(NonZeroU16::MIN), whole);
        let small = whole.shared_by(NonZeroU16::new(40).unwrap());
        assert_eq!(small.burst().get(), 1);
    }
}
