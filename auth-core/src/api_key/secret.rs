//! The secret of a key, and what is kept of it.

use std::fmt;

use ring::digest;
use subtle::ConstantTimeEq;

use crate::id::ApiKeyId;
use crate::random::{EntropyError, SecureRandom, draw};
use crate::secret::Secret;

/// The secret part of an API key: 192 random bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKeySecret(Secret<[u8; Self::LEN]>);

impl ApiKeySecret {
    /// Its length, in bytes.
    pub const LEN: usize = 24;

    /// Draws a new one.
    ///
    /// # Errors
    /// [`EntropyError`] when the source of randomness fails.
    pub fn draw(random: &dyn SecureRandom) -> Result<Self, EntropyError> {
        draw(random).map(Self::from_bytes)
    }

    /// What the store keeps of it, as the secret of the key `id`: SHA-256 of a
    /// label, the id and the secret.
    pub fn hash(&self, id: ApiKeyId) -> ApiKeyHash {
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(b"auth api key v1");
        context.update(id.as_uuid().as_bytes());
        context.update(self.expose());
        let mut hash = [0; 32];
        hash.copy_from_slice(context.finish().as_ref());
        ApiKeyHash(hash)
    }

    pub(super) const fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(Secret::new(bytes))
    }

    pub(super) const fn expose(&self) -> &[u8; Self::LEN] {
        self.0.expose()
    }
}

/// The hash of an [`ApiKeySecret`] of one key: tells whether a secret is the
/// right one and nothing else about it. Moved to another key's row it is no
/// secret's.
#[derive(Clone, Copy)]
pub struct ApiKeyHash([u8; 32]);

impl ApiKeyHash {
    /// Takes the bytes a store kept.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, for a store to keep.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// In constant time.
impl PartialEq for ApiKeyHash {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for ApiKeyHash {}

impl fmt::Debug for ApiKeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKeyHash(..)")
    }
}
