//! Hashing where no pool is needed.

use std::sync::Arc;

use argon2::{Algorithm, Version};
use zeroize::Zeroizing;

use super::argon2_once;
use super::argon2id::Argon2Params;
use super::error::{CorruptHash, HashError};
use super::layers::{Argon2id, Making, Verdict};
use super::pepper::Peppers;
use super::plaintext::Password;
use super::stored::PasswordHash;
use crate::random::{SecureRandom, SystemRandom};

/// Hashes and verifies on the calling thread, in memory that is allocated for
/// each hash: for an import, a script, a test. A service uses a
/// [`HashPool`](super::HashPool), which bounds both.
///
/// # Defaults
/// - parameters: [`Argon2Params::default`]
/// - peppers: none
/// - randomness: the operating system's
///
/// ```
/// use auth_core::password::{OfflineHasher, Password};
///
/// let hasher = OfflineHasher::default();
/// let hash = hasher.hash(&Password::new("correct horse battery staple".to_owned())?)?;
/// let verdict = hasher.verify(&Password::new("hunter2".to_owned())?, &hash)?;
/// assert!(!verdict.matches);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct OfflineHasher {
    making: Making,
    random: Arc<dyn SecureRandom>,
}

impl OfflineHasher {
    /// Makes hashes with `params` and the active one of `peppers`.
    pub fn new(params: Argon2Params, peppers: Peppers) -> Self {
        Self {
            making: Making::new(params, peppers),
            random: Arc::new(SystemRandom::new()),
        }
    }

    /// Where salts come from.
    pub fn with_random(self, random: Arc<dyn SecureRandom>) -> Self {
        Self { random, ..self }
    }

    /// Hashes `password` with a fresh salt.
    ///
    /// # Errors
    /// [`HashError::Entropy`] when there was no salt, [`HashError::Backend`] when
    /// hashing failed.
    pub fn hash(&self, password: &Password) -> Result<PasswordHash, HashError> {
        self.making.hash(&mut OwnMemory, password, &*self.random)
    }

    /// Whether `password` is the one that `hash` was made from, and whether the
    /// hash should be replaced.
    ///
    /// # Errors
    /// [`HashError::Corrupt`], [`HashError::UnknownPepper`] and
    /// [`HashError::Backend`].
    pub fn verify(&self, password: &Password, hash: &PasswordHash) -> Result<Verdict, HashError> {
        self.making.verify(&mut OwnMemory, password, Some(hash))
    }

    /// Puts Argon2id, and the active pepper, over a hash of another system,
    /// without its password. From then on the database holds nothing that is
    /// weaker than its other hashes.
    ///
    /// To verify it costs what the other system's hash cost and one Argon2id. It
    /// is outdated, and replaced by a plain one as its user logs in.
    ///
    /// # Errors
    /// [`HashError::Corrupt`] when it is no hash of another system, or none that
    /// is read; otherwise as [`hash`](Self::hash).
    pub fn wrap(&self, hash: &PasswordHash) -> Result<PasswordHash, HashError> {
        self.making.wrap(&mut OwnMemory, hash, &*self.random)
    }

    /// Puts the active pepper over an Argon2id hash that has none, without its
    /// password. What has one already, a tag that is not of 32 bytes, and the bare
    /// hash of another system stay as they are.
    ///
    /// # Errors
    /// [`CorruptHash`] when the hash is not read.
    pub fn pepper(&self, hash: &PasswordHash) -> Result<PasswordHash, CorruptHash> {
        self.making.pepper(hash)
    }

    /// Whether `hash` is not as [`hash`](Self::hash) would make it today: fewer
    /// passes or less memory, another pepper, or another system's.
    pub fn is_outdated(&self, hash: &PasswordHash) -> bool {
        self.making.is_outdated(hash)
    }
}

impl Default for OfflineHasher {
    fn default() -> Self {
        Self::new(Argon2Params::default(), Peppers::none())
    }
}

struct OwnMemory;

impl Argon2id for OwnMemory {
    fn admit(&self, params: Argon2Params) -> Result<(), CorruptHash> {
        argon2_once::admit(params)
    }

    fn derive(
        &mut self,
        input: &[u8],
        params: Argon2Params,
        salt: &[u8],
        tag_bytes: usize,
    ) -> Result<Zeroizing<Vec<u8>>, HashError> {
        let (argon2id, v19) = (Algorithm::Argon2id, Version::V0x13);
        argon2_once::derive(argon2id, v19, params, input, salt, tag_bytes)
    }
}
