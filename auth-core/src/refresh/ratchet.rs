//! From one refresh token's secret to the next.

use std::fmt;

use ring::{digest, hmac};
use subtle::ConstantTimeEq;

use crate::id::SessionId;
use crate::random::{EntropyError, SecureRandom, draw};
use crate::secret::Secret;

/// The secret part of one refresh token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenSecret(Secret<[u8; 32]>);

impl TokenSecret {
    /// Draws the secret of a session's first token.
    ///
    /// # Errors
    /// [`EntropyError`] when the source of randomness fails.
    pub fn draw(random: &dyn SecureRandom) -> Result<Self, EntropyError> {
        draw(random).map(Self::from_bytes)
    }

    /// What the store keeps of it: SHA-256.
    pub fn hash(&self) -> SecretHash {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest::digest(&digest::SHA256, self.expose()).as_ref());
        SecretHash(hash)
    }

    /// The secret of the token with `generation`, for which the winner of the
    /// rotation drew `salt`.
    pub(super) fn successor(
        &self,
        ratchet: &hmac::Key,
        session: SessionId,
        generation: u32,
        salt: &Salt,
    ) -> Self {
        let mut mac = hmac::Context::with_key(ratchet);
        mac.update(b"auth ratchet v1");
        mac.update(self.expose());
        mac.update(session.as_uuid().as_bytes());
        mac.update(&generation.to_be_bytes());
        mac.update(&salt.0);
        let mut next = [0; 32];
        next.copy_from_slice(mac.sign().as_ref());
        Self::from_bytes(next)
    }

    pub(super) const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Secret::new(bytes))
    }

    pub(super) const fn expose(&self) -> &[u8; 32] {
        self.0.expose()
    }
}

/// SHA-256 of a [`TokenSecret`]: tells whether a secret is the right one and
/// nothing else about it.
#[derive(Clone, Copy)]
pub struct SecretHash([u8; 32]);

impl SecretHash {
    /// Takes the bytes a store kept.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, for a store to keep.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl PartialEq for SecretHash {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for SecretHash {}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash(..)")
    }
}

/// What the winner of a rotation adds, so that the root secret and an old
/// token together do not lead to the present one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Salt([u8; 16]);

impl Salt {
    /// Draws a new salt.
    ///
    /// # Errors
    /// [`EntropyError`] when the source of randomness fails.
    pub fn draw(random: &dyn SecureRandom) -> Result<Self, EntropyError> {
        draw(random).map(Self)
    }

    /// Takes the bytes a store kept.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes, for a store to keep.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt(..)")
    }
}
