//! Signing keys, sealed: the store cannot read them.

use async_trait::async_trait;
use auth_core::{Sealed, Timestamp};

use crate::error::StoreError;

/// A signing key as the store keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedKey {
    /// The key id (`kid`): its RFC 7638 thumbprint.
    pub kid: String,
    /// The algorithm's JWS name.
    pub algorithm: String,
    /// The private key, sealed under a root secret.
    pub private: Sealed,
    /// When it was stored, by the store's clock.
    pub created_at: Timestamp,
}

/// Where sealed signing keys are kept.
#[async_trait]
pub trait SigningKeyStore: Send + Sync {
    /// All keys, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    async fn signing_keys(&self) -> Result<Vec<SealedKey>, StoreError>;

    /// Stores `key` if the store has no signing key at all, in one atomic
    /// step: of several instances that start at once, one key wins.
    /// `key.created_at` is ignored; the store's clock sets it.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    async fn store_first_signing_key(&self, key: &SealedKey) -> Result<(), StoreError>;
}
