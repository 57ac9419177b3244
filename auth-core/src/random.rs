//! Randomness that keys, salts and token secrets are drawn from.

use std::fmt;

/// A cryptographically secure random number generator.
///
/// # Contract
/// Every byte is unpredictable to everybody else. A weaker source lets a
/// stranger guess refresh tokens; when the source fails, say so with
/// [`EntropyError`], never with a weaker byte.
pub trait SecureRandom: fmt::Debug + Send + Sync + 'static {
    /// Fills `buffer` with random bytes.
    ///
    /// # Errors
    /// [`EntropyError`] when the source has none to give.
    fn fill(&self, buffer: &mut [u8]) -> Result<(), EntropyError>;
}

/// The system has no randomness to give.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the system's random number generator failed")]
pub struct EntropyError;

/// The operating system's generator, through `ring`.
#[derive(Clone, Debug)]
pub struct SystemRandom(ring::rand::SystemRandom);

impl SystemRandom {
    /// The operating system's generator.
    pub fn new() -> Self {
        Self(ring::rand::SystemRandom::new())
    }
}

impl Default for SystemRandom {
    fn default() -> Self {
        Self::new()
    }
}

impl SecureRandom for SystemRandom {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), EntropyError> {
        ring::rand::SecureRandom::fill(&self.0, buffer).map_err(|_| EntropyError)
    }
}

/// Draws `N` random bytes.
///
/// # Errors
/// [`EntropyError`] when the source fails.
pub fn draw<const N: usize>(random: &dyn SecureRandom) -> Result<[u8; N], EntropyError> {
    let mut bytes = [0; N];
    random.fill(&mut bytes)?;
    Ok(bytes)
}
