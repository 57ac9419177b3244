//! # Jitter
//!
//! **Prevents** synchronous expiry: what was loaded together, at a start or after
//! an outage, would be missed together ever after.
//!
//! **How.** A value's time is shortened by a random part, evenly up to a tenth.
//! Always downwards: no value lives longer than was asked for.
//!
//! **Switch**: on, a tenth; [`with_jitter`], [`without_jitter`].
//!
//! **Metric**: none of its own; it shows as a level
//! [`CacheStats::loads`](crate::tiered::CacheStats::loads) per second.
//!
//! **What it does not do.** It costs loads: half of the jitter, on the average.
//!
//! [`with_jitter`]: crate::tiered::CacheBuilder::with_jitter
//! [`without_jitter`]: crate::tiered::CacheBuilder::without_jitter

use std::time::Duration;

use crate::tiered::noise::Noise;

/// The part that is taken off at the most, from 0 to 1.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Jitter(pub(crate) f64);

impl Jitter {
    pub(crate) fn shorten(self, ttl: Duration, noise: &mut Noise) -> Duration {
        let off = noise.next().unwrap_or(0.0) * self.0.clamp(0.0, 1.0);
        ttl.saturating_sub(ttl.mul_f64(off))
    }
}

#[cfg(test)]
mod tests {
    use auth_core::SystemRandom;

    use super::*;

    #[test]
    fn times_are_spread_downwards_over_all_of_the_jitter() {
        let mut noise = Noise::new(&SystemRandom::new());
        let ttl = Duration::from_secs(100);
        let times: Vec<Duration> = (0..2_000)
            .map(|_| Jitter(0.1).shorten(ttl, &mut noise))
            .collect();
        let (least, most) = (times.iter().min().unwrap(), times.iter().max().unwrap());
        assert!(*least >= Duration::from_secs(90) && *most <= ttl);
        assert!(*least < Duration::from_secs(91) && *most > Duration::from_secs(99));
        assert_eq!(Jitter(0.0).shorten(ttl, &mut noise), ttl);
    }
}
