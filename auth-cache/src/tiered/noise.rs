//! Randomness that spreads load. Nothing secret depends on it.

use auth_core::{SecureRandom, draw};

/// A stream of noise from one seed (`SplitMix64`): a batch of a thousand values
/// asks the system once.
#[derive(Debug)]
pub(crate) struct Noise(Option<u64>);

impl Noise {
    /// Seeded from `random`. If it has nothing to give, there is no noise: then
    /// nothing is spread, and nothing else is amiss.
    pub(crate) fn new(random: &dyn SecureRandom) -> Self {
        Self(draw(random).ok().map(u64::from_le_bytes))
    }

    /// Another stream, that does not follow this one.
    #[cfg(feature = "redis")]
    pub(crate) fn split(&mut self) -> Self {
        Self(self.next().map(f64::to_bits))
    }

    /// Evenly from 0 to 1, both excluded.
    #[expect(
        clippy::cast_precision_loss,
        reason = "53 bits are what a float has room for"
    )]
    pub(crate) fn next(&mut self) -> Option<f64> {
        let state = self.0.as_mut()?;
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = *state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let bits = (z ^ (z >> 31)) >> 12;
        Some((bits as f64 + 0.5) / (1_u64 << 52) as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_even_and_never_0_or_1() {
        let mut noise = Noise(Some(1));
        let drawn: Vec<f64> = (0..10_000).filter_map(|_| noise.next()).collect();
        assert!(drawn.iter().all(|u| *u > 0.0 && *u < 1.0));
        let mean = drawn.iter().sum::<f64>() / 10_000.0;
        assert!((mean - 0.5).abs() < 0.02, "{mean}");
        assert_eq!(Noise(None).next(), None);
    }
}
