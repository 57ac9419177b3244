//! Looking at the signing keys, changing them, and revoking one.

use std::sync::Arc;

use auth_core::Timestamp;
use auth_store::{KeyState, RevokeKeyOutcome, StoreError, StoreErrorKind};

use crate::auth::{Auth, to_the_end};
use crate::error::AuthError;
use crate::keys::KeyLoadError;

/// A signing key, as an operator sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SigningKeyInfo {
    /// The `kid` of the tokens it signs.
    pub kid: String,
    /// The algorithm's JWS name.
    pub algorithm: String,
    /// What it is for at present.
    pub state: KeyState,
    /// Since when, by the store's clock.
    pub since: Timestamp,
    /// When it signs, or began to.
    pub active_at: Timestamp,
}

impl Auth {
    /// The signing keys, in the order in which they were stored.
    ///
    /// # Errors
    /// [`AuthError::OwnKeys`] when the application brought its own,
    /// [`AuthError::Unavailable`] when the store cannot be reached.
    #[tracing::instrument(skip_all)]
    pub async fn signing_keys(&self) -> Result<Vec<SigningKeyInfo>, AuthError> {
        let keys = self.shared.keys.stored()?.list(|held, now| SigningKeyInfo {
            kid: held.kid.clone(),
            algorithm: held.algorithm.clone(),
            state: held.life.state(now),
            since: held.life.since(now),
            active_at: held.life.active_at,
        });
        Ok(keys.await?)
    }

    /// Stores a new signing key, which is published at once and signs after the
    /// lead of the [`KeyRotation`](crate::KeyRotation). If there is a next key
    /// already, it is that one. For a key that is no longer trusted there is
    /// [`revoke_signing_key`](Self::revoke_signing_key).
    ///
    /// # Errors
    /// [`AuthError::OwnKeys`] when the application brought its own,
    /// [`AuthError::Unavailable`] when the store cannot be reached, or others
    /// change the keys all the time.
    #[tracing::instrument(skip_all)]
    pub async fn rotate_signing_key(&self) -> Result<SigningKeyInfo, AuthError> {
        self.shared.keys.stored()?.rotate().await?;
        let keys = self.signing_keys().await?;
        let next = keys.into_iter().find(|key| key.state == KeyState::Next);
        next.ok_or_else(|| AuthError::from(StoreError::from(StoreErrorKind::Unavailable)))
    }

    /// Revokes a signing key for ever: whatever it has signed is rejected, in
    /// this process from the return on, in others once they have read the keys
    /// again. If it was its turn to sign, a new key signs from that moment on.
    /// Revoking a revoked key is no error.
    ///
    /// What was accepted by the key before, and is kept in a cache, is dropped
    /// by the same act: from the return on
    /// [`KeySource::epoch`](auth_core::key::KeySource::epoch) of this process's
    /// keys is none that it was while the key was believed. Another process
    /// takes no longer than the `reload` of its
    /// [`KeyRotation`](crate::KeyRotation), 30 s by default, and two readings of
    /// the keys; if it cannot reach the store, until it can.
    ///
    /// The replacement was not published before: a remote verifier fetches the
    /// keys when it sees its first token.
    ///
    /// # Errors
    /// [`AuthError::OwnKeys`] when the application brought its own, and
    /// [`AuthError::NotFound`] when the store has no such key,
    /// [`AuthError::Unavailable`] when it cannot be reached.
    #[tracing::instrument(skip_all)]
    pub async fn revoke_signing_key(&self, kid: &str) -> Result<(), AuthError> {
        let keys = self.shared.keys.stored()?.clone();
        let replacement = Arc::new(keys.new_key()?);
        let (shared, kid) = (self.shared.clone(), Arc::<str>::from(kid));
        to_the_end(async move {
            let named = kid.clone();
            let revoked = shared
                .revoking(shared.store.clone(), move |store| {
                    let (kid, replacement) = (named.clone(), replacement.clone());
                    async move {
                        let keys = store
                            .signing_key_store()
                            .ok_or(StoreError::from(StoreErrorKind::Other))?;
                        keys.revoke_signing_key(&kid, Some(&replacement)).await
                    }
                })
                .await;
            let outcome = revoked.as_ref().map(|revoked| revoked.value);
            if let Ok(RevokeKeyOutcome::Revoked | RevokeKeyOutcome::Already) = outcome {
                keys.revoke(&kid);
                tracing::warn!(target: "auth::events", event = "signing_key_revoked", %kid);
            }
            if let Err(error) = keys.look_after().await {
                // Nothing is signed by the revoked key all the same.
                tracing::warn!(%error, "signing keys cannot be read after a revocation");
            }
            match revoked?.value {
                RevokeKeyOutcome::Unknown => Err(AuthError::NotFound),
                _ => Ok(()),
            }
        })
        .await
    }
}

impl From<KeyLoadError> for AuthError {
    fn from(error: KeyLoadError) -> Self {
        match error {
            KeyLoadError::Entropy(error) => error.into(),
            KeyLoadError::Store(error) => error.into(),
            _ => Self::internal(error),
        }
    }
}
