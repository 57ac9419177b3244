//! How long to wait after a failure.

use std::time::Duration;

use auth_core::{SecureRandom, draw};

/// Twice as long after each failure, up to a limit; of that a random part, at
/// least half: those who failed together do not come back together.
#[derive(Clone, Copy, Debug)]
pub(super) struct BackOff {
    pub(super) first: Duration,
    pub(super) most: Duration,
}

impl BackOff {
    pub(super) fn after(self, failures: u32, random: &dyn SecureRandom) -> Duration {
        let doubled = 2_u32.saturating_pow(failures.saturating_sub(1).min(31));
        let whole = self.first.saturating_mul(doubled).min(self.most);
        // Without randomness all wait the longest.
        let part = draw::<4>(random).map_or(u32::MAX, u32::from_be_bytes);
        whole / 2 + (whole / 2).mul_f64(f64::from(part) / f64::from(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use auth_core::{EntropyError, SystemRandom};

    use super::*;

    const BACK_OFF: BackOff = BackOff {
        first: Duration::from_millis(100),
        most: Duration::from_secs(60),
    };

    #[test]
    fn each_wait_is_longer_up_to_the_limit_and_no_two_are_alike() {
        let random = SystemRandom::new();
        for (failures, whole) in [(0, 100), (1, 100), (2, 200), (5, 1600), (40, 60_000)] {
            let whole = Duration::from_millis(whole);
            let waits: Vec<_> = (0..50).map(|_| BACK_OFF.after(failures, &random)).collect();
            assert!(waits.iter().all(|wait| (whole / 2..=whole).contains(wait)));
            assert!(waits.iter().any(|wait| *wait != waits[0]));
        }
        assert!(BACK_OFF.after(u32::MAX, &random) <= BACK_OFF.most);
    }

    #[test]
    fn without_randomness_all_wait_the_longest() {
        #[derive(Debug)]
        struct Dry;
        impl SecureRandom for Dry {
            fn fill(&self, _: &mut [u8]) -> Result<(), EntropyError> {
                Err(EntropyError)
            }
        }
        assert_eq!(BACK_OFF.after(2, &Dry), Duration::from_millis(200));
    }
}
