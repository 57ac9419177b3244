//! Sealed signing keys, in memory.

use std::time::Duration;

use async_trait::async_trait;
use auth_core::revocation::Revocation;
use auth_core::{Sealed, Timestamp};

use super::MemoryStore;
use super::state::State;
use crate::error::StoreError;
use crate::traits::{
    AddKeyOutcome, Committed, NewSigningKey, RevokeKeyOutcome, SealedKey, SigningKeyStore,
    SigningKeys,
};

#[async_trait]
impl SigningKeyStore for MemoryStore {
    async fn signing_keys(&self) -> Result<SigningKeys, StoreError> {
        let (state, now) = self.lock();
        Ok(state.signing_keys(now))
    }

    async fn add_signing_key(
        &self,
        key: &NewSigningKey,
        after: Option<&str>,
        signs_in: Duration,
    ) -> Result<AddKeyOutcome, StoreError> {
        let (mut state, now) = self.lock();
        let keys = &mut state.signing_keys;
        let last = keys.last().map(|key| key.kid.as_str());
        if last != after || keys.iter().any(|known| known.kid == key.kid) {
            return Ok(AddKeyOutcome::Lost);
        }
        keys.push(stored(key, now, now + signs_in));
        Ok(AddKeyOutcome::Stored)
    }

    async fn reseal_signing_key(
        &self,
        kid: &str,
        from: &Sealed,
        to: &Sealed,
    ) -> Result<bool, StoreError> {
        let (mut state, _) = self.lock();
        let mut keys = state.signing_keys.iter_mut();
        let found = keys.find(|key| key.kid == kid && key.private == *from);
        Ok(found.map(|key| key.private = to.clone()).is_some())
    }

    async fn revoke_signing_key(
        &self,
        kid: &str,
        replacement: Option<&NewSigningKey>,
    ) -> Result<Committed<RevokeKeyOutcome>, StoreError> {
        let (mut state, now) = self.lock();
        let signs = state.signing_keys(now).turn_at(now) == Some(kid);
        let keys = &mut state.signing_keys;
        let known = keys.iter_mut().find(|key| key.kid == kid);
        let (Some(key), Ok(thumbprint)) = (known, kid.parse()) else {
            return Ok(Committed::quiet(RevokeKeyOutcome::Unknown));
        };
        let revocation = Revocation::of_key(thumbprint);
        let outcome = if key.revoked_at.is_some() {
            RevokeKeyOutcome::Already
        } else {
            key.revoked_at = Some(now);
            if let Some(replacement) = replacement.filter(|_| signs) {
                keys.push(stored(replacement, now, now));
            }
            state.log.push(revocation, now);
            RevokeKeyOutcome::Revoked
        };
        Ok(Committed {
            value: outcome,
            revoked: vec![revocation],
        })
    }

    async fn forget_signing_keys(&self) -> Result<u64, StoreError> {
        let (mut state, now) = self.lock();
        let keys = state.signing_keys(now);
        let over = keys.forgettable();
        state
            .signing_keys
            .retain(|key| !over.contains(&key.kid.as_str()));
        Ok(over.len().try_into().unwrap_or(u64::MAX))
    }
}

impl State {
    fn signing_keys(&self, now: Timestamp) -> SigningKeys {
        SigningKeys {
            keys: self.signing_keys.clone(),
            max_token_lifetime: self.max_token_lifetime,
            now,
        }
    }
}

fn stored(key: &NewSigningKey, now: Timestamp, active_at: Timestamp) -> SealedKey {
    SealedKey {
        kid: key.kid.clone(),
        algorithm: key.algorithm.clone(),
        private: key.private.clone(),
        created_at: now,
        active_at,
        revoked_at: None,
    }
}
