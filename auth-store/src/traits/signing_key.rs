//! Signing keys, sealed: the store cannot read them.

use std::time::Duration;

use async_trait::async_trait;
use auth_core::{Sealed, Timestamp};

use super::user::Committed;
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
    /// When its turn to sign begins, by the store's clock.
    pub active_at: Timestamp,
    /// When it was revoked, by the store's clock.
    pub revoked_at: Option<Timestamp>,
}

/// All signing keys of a store, and what is needed to say how they live:
/// [`lives`](Self::lives).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningKeys {
    /// In the order in which they were stored.
    pub keys: Vec<SealedKey>,
    /// The longest that any access token lives.
    pub max_token_lifetime: Duration,
    /// The store's clock. Every key that was stored by then is here.
    pub now: Timestamp,
}

/// A signing key that is to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSigningKey {
    /// The key id (`kid`): its RFC 7638 thumbprint.
    pub kid: String,
    /// The algorithm's JWS name.
    pub algorithm: String,
    /// The private key, sealed under a root secret.
    pub private: Sealed,
}

/// What came of storing a signing key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AddKeyOutcome {
    /// It is stored.
    Stored,
    /// Another key was stored first, or this one is there already.
    Lost,
}

/// What came of revoking a signing key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RevokeKeyOutcome {
    /// It is revoked.
    Revoked,
    /// It was revoked before; nothing was changed.
    Already,
    /// There is no such key; nothing was changed.
    Unknown,
}

/// Where sealed signing keys are kept.
///
/// # Contract
/// Times are the store's clock's, never a caller's. What a key's turn is
/// follows from the rows alone ([`SigningKeys::lives`]), so all instances that
/// have read the same rows agree on it; a store that lets two keys be stored
/// after the same one makes instances sign with keys that others do not know.
#[async_trait]
pub trait SigningKeyStore: Send + Sync {
    /// All keys, in the order in which they were stored, with the store's
    /// clock, in one statement.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    async fn signing_keys(&self) -> Result<SigningKeys, StoreError>;

    /// Stores `key`, to sign from `signs_in` on, if `after` is the key that was
    /// stored last, or there is no key and `after` is `None`. One atomic step:
    /// of several instances that saw the same keys, one wins.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    async fn add_signing_key(
        &self,
        key: &NewSigningKey,
        after: Option<&str>,
        signs_in: Duration,
    ) -> Result<AddKeyOutcome, StoreError>;

    /// Replaces the sealed form `from` of a key by `to`, in one atomic step;
    /// `false` when the key is not there or not sealed as `from`.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    async fn reseal_signing_key(
        &self,
        kid: &str,
        from: &Sealed,
        to: &Sealed,
    ) -> Result<bool, StoreError>;

    /// Revokes a key for ever. One transaction marks it, writes its row of the
    /// revocation log, which never expires, and, if it was its turn to sign,
    /// stores `replacement`, whose turn begins at that moment. Without one
    /// nobody signs then.
    ///
    /// [`Committed::revoked`] is the log row, also when it was written before.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    async fn revoke_signing_key(
        &self,
        kid: &str,
        replacement: Option<&NewSigningKey>,
    ) -> Result<Committed<RevokeKeyOutcome>, StoreError>;

    /// Removes keys that expired more than a day ago, in one atomic step, and
    /// says how many. Revoked keys stay for ever.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    async fn forget_signing_keys(&self) -> Result<u64, StoreError>;
}
