//! Signing keys that are kept badly.

use std::time::Duration;

use async_trait::async_trait;
use auth_core::Sealed;
use auth_store::{
    AddKeyOutcome, Committed, KeyState, NewSigningKey, RevokeKeyOutcome, SealedKey,
    SigningKeyStore, SigningKeys, StoreError,
};

use super::{DAY, Flaw, Flawed};

#[async_trait]
impl SigningKeyStore for Flawed {
    async fn signing_keys(&self) -> Result<SigningKeys, StoreError> {
        self.connect().await?;
        let mut read = self.inner.signing_keys().await?;
        let long_ago = read.now - DAY;
        match self.flaw {
            Flaw::KeyIsCut => read.keys.iter_mut().for_each(cut),
            Flaw::KeysAreSortedByTurn => read.keys.sort_by_key(|key| key.active_at),
            Flaw::KeysComeWithTheirOwnTime => {
                read.now = read.keys.first().map_or(read.now, |key| key.created_at);
            }
            Flaw::RevokedKeyIsForgotten => read
                .keys
                .retain(|key| key.revoked_at.is_none_or(|at| at > long_ago)),
            _ => {}
        }
        Ok(read)
    }

    async fn add_signing_key(
        &self,
        key: &NewSigningKey,
        after: Option<&str>,
        signs_in: Duration,
    ) -> Result<AddKeyOutcome, StoreError> {
        self.connect().await?;
        let last = self.last_key().await?;
        match self.flaw {
            Flaw::EveryKeyIsStored => {
                self.inner
                    .add_signing_key(key, last.as_deref(), signs_in)
                    .await
            }
            Flaw::KeyIsReadThenWritten if last.as_deref() == after => {
                self.meanwhile().await;
                self.append(key, signs_in).await
            }
            Flaw::KeySignsAtOnce => self.inner.add_signing_key(key, after, Duration::ZERO).await,
            _ => self.inner.add_signing_key(key, after, signs_in).await,
        }
    }

    async fn reseal_signing_key(
        &self,
        kid: &str,
        from: &Sealed,
        to: &Sealed,
    ) -> Result<bool, StoreError> {
        self.connect().await?;
        let seen = match self.key(kid).await? {
            Some(key) if self.has(Flaw::ResealOverwrites) => key.private,
            Some(key) if self.has(Flaw::ResealIsReadThenWritten) && key.private == *from => {
                self.meanwhile().await;
                self.key(kid).await?.map_or(key.private, |key| key.private)
            }
            _ => from.clone(),
        };
        self.inner.reseal_signing_key(kid, &seen, to).await
    }

    async fn revoke_signing_key(
        &self,
        kid: &str,
        replacement: Option<&NewSigningKey>,
    ) -> Result<Committed<RevokeKeyOutcome>, StoreError> {
        self.connect().await?;
        let was_revoked = self
            .key(kid)
            .await?
            .is_some_and(|key| key.revoked_at.is_some());
        let signs = self.signs(kid).await?;
        match (self.flaw, replacement) {
            (Flaw::EveryRevocationReplaces, Some(replacement)) => {
                let done = self.inner.revoke_signing_key(kid, None).await?;
                self.append(replacement, Duration::ZERO).await?;
                Ok(done)
            }
            (Flaw::ReplacementIsTwoSteps, Some(replacement)) if signs => {
                self.meanwhile().await;
                let done = self.inner.revoke_signing_key(kid, None).await?;
                self.meanwhile().await;
                self.append(replacement, Duration::ZERO).await?;
                Ok(done)
            }
            (Flaw::ReplacementIsLost, Some(replacement)) if signs => {
                let last = self.last_key().await?;
                self.meanwhile().await;
                let done = self.inner.revoke_signing_key(kid, None).await?;
                let added =
                    self.inner
                        .add_signing_key(replacement, last.as_deref(), Duration::ZERO);
                added.await?;
                Ok(done)
            }
            (Flaw::KeyIsRevokedAgain, _) => {
                let mut done = self.inner.revoke_signing_key(kid, replacement).await?;
                if was_revoked {
                    done.value = RevokeKeyOutcome::Revoked;
                }
                Ok(done)
            }
            (Flaw::SecondRevocationIsSilent, _) if was_revoked => {
                Ok(Committed::quiet(RevokeKeyOutcome::Already))
            }
            _ => self.inner.revoke_signing_key(kid, replacement).await,
        }
    }

    async fn forget_signing_keys(&self) -> Result<u64, StoreError> {
        self.connect().await?;
        if self.has(Flaw::ExpiredKeysStay) {
            return Ok(0);
        }
        self.inner.forget_signing_keys().await
    }
}

impl Flawed {
    async fn key(&self, kid: &str) -> Result<Option<SealedKey>, StoreError> {
        let keys = self.inner.signing_keys().await?.keys;
        Ok(keys.into_iter().find(|key| key.kid == kid))
    }

    async fn last_key(&self) -> Result<Option<String>, StoreError> {
        let mut keys = self.inner.signing_keys().await?.keys;
        Ok(keys.pop().map(|key| key.kid))
    }

    async fn signs(&self, kid: &str) -> Result<bool, StoreError> {
        let read = self.inner.signing_keys().await?;
        let lives = read.lives();
        let mut keys = read.keys.iter().zip(&lives);
        Ok(keys.any(|(key, life)| key.kid == kid && life.state(read.now) == KeyState::Active))
    }

    /// Stores a key after whatever is the last one.
    async fn append(
        &self,
        key: &NewSigningKey,
        signs_in: Duration,
    ) -> Result<AddKeyOutcome, StoreError> {
        loop {
            let last = self.last_key().await?;
            let added = self.inner.add_signing_key(key, last.as_deref(), signs_in);
            if added.await? == AddKeyOutcome::Stored || self.key(&key.kid).await?.is_some() {
                return Ok(AddKeyOutcome::Stored);
            }
        }
    }
}

fn cut(key: &mut SealedKey) {
    let bytes = key.private.as_bytes().iter().copied().take(1000).collect();
    key.private = Sealed::from_bytes(bytes);
}
