//! # Early refresh
//!
//! **Prevents** the miss at expiry: a hot key expires, and all of its callers wait
//! for the load.
//!
//! **How.** `XFetch`, the optimal probabilistic one (A. Vattani, F. Chierichetti,
//! K. Lowenstein, "Optimal Probabilistic Cache Stampede Prevention", PVLDB 8(8),
//! 2015). Each hit draws `u` evenly from (0, 1) and refreshes early if
//!
//! > now − δ · β · ln u ≥ expiry
//!
//! where δ is what the last load took. The caller has its answer at once; the load
//! goes on behind it. The hotter a key is and the longer its loads take, the
//! earlier it is refreshed; a key that is hardly read is left to expire. Processes
//! draw independently, so that of many one is likely to be first; the
//! [lease](super::lease) keeps the others from following.
//!
//! A hit far from expiry draws nothing: −ln u is at most 37, so nothing can come
//! of it earlier than 37 · δ · β before expiry.
//!
//! **Switch**: on, β = 1; [`with_early_refresh`] (more is earlier),
//! [`without_early_refresh`].
//!
//! **Metric**: [`CacheStats::early_refreshes`](crate::tiered::CacheStats::early_refreshes).
//!
//! **What it does not do.** It does not keep a key that nobody reads. A refresh
//! that fails is tried again a second later, and the value lives no longer for it.
//!
//! [`with_early_refresh`]: crate::tiered::CacheBuilder::with_early_refresh
//! [`without_early_refresh`]: crate::tiered::CacheBuilder::without_early_refresh

use std::time::Duration;

use auth_core::SecureRandom;

use crate::tiered::noise::Noise;
use crate::tiered::ttl::Moment;

/// The β of `XFetch`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EarlyRefresh(pub(crate) f64);

/// −ln of the least number that [`Noise`] draws, 2⁻⁵³, rounded up.
const LONGEST_DRAW: f64 = 37.0;

impl EarlyRefresh {
    /// From when on a draw may come out that way at all.
    pub(crate) fn from(self, expiry: Moment, cost: Duration) -> Moment {
        expiry.before(cost.mul_f64(self.0 * LONGEST_DRAW))
    }

    /// Draws.
    pub(crate) fn is_due(
        self,
        now: Moment,
        expiry: Moment,
        cost: Duration,
        random: &dyn SecureRandom,
    ) -> bool {
        let drawn = Noise::new(random).next();
        drawn.is_some_and(|u| now + cost.mul_f64(self.0 * -u.ln()) >= expiry)
    }
}

#[cfg(test)]
mod tests {
    use auth_core::SystemRandom;

    use super::*;

    /// The part of a thousand hits at `left` before expiry that refresh.
    fn part(left: Duration) -> f64 {
        let random = SystemRandom::new();
        let (now, cost) = (Moment(0), Duration::from_millis(10));
        let (early, expiry) = (EarlyRefresh(1.0), now + left);
        let due =
            |_: &u32| now >= early.from(expiry, cost) && early.is_due(now, expiry, cost, &random);
        let count = (0..4_000_u32).filter(due).count();
        f64::from(u32::try_from(count).unwrap()) / 4_000.0
    }

    #[test]
    fn a_refresh_is_the_likelier_the_nearer_expiry_is() {
        // e^(−left / cost)
        for (millis, expected) in [(0, 1.0), (5, 0.607), (10, 0.368), (30, 0.05), (371, 0.0)] {
            let part = part(Duration::from_millis(millis));
            assert!((part - expected).abs() < 0.04, "{millis} ms: {part}");
        }
    }
}
