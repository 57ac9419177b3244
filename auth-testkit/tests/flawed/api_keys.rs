//! API keys that are kept badly.

use async_trait::async_trait;
use auth_core::revocation::Target;
use auth_core::{ApiKeyId, TenantId, UserId};
use auth_store::{
    ApiKeyInfo, ApiKeyRecord, ApiKeyRotation, ApiKeyStore, Committed, CreateApiKeyOutcome,
    NewApiKey, RevokeApiKeyOutcome, RotateApiKeyOutcome, StoreError, UserStatus,
};

use super::{DAY, Flaw, Flawed};

#[async_trait]
impl ApiKeyStore for Flawed {
    async fn create_api_key(&self, mut new: NewApiKey) -> Result<CreateApiKeyOutcome, StoreError> {
        self.connect().await?;
        new.name = self.text(new.name);
        match self.flaw {
            Flaw::ApiKeyNeverExpires => new.lifetime = None,
            Flaw::ApiKeyLimitIsIgnored => new.limit = u32::MAX,
            Flaw::ApiKeyLimitIsReadThenWritten => {
                let user = Some(new.user);
                let known = self
                    .inner
                    .api_keys(new.tenant, user, None, u32::MAX)
                    .await?;
                let now = self.now();
                let live = known.iter().filter(|key| key.is_live(now)).count();
                let is_known = known.iter().any(|key| key.id == new.id);
                if live >= new.limit as usize && !is_known {
                    return Ok(CreateApiKeyOutcome::TooMany);
                }
                self.meanwhile().await;
                new.limit = u32::MAX;
            }
            Flaw::EndedApiKeysCount => {
                let user = Some(new.user);
                let known = self
                    .inner
                    .api_keys(new.tenant, user, None, u32::MAX)
                    .await?;
                let is_known = known.iter().any(|key| key.id == new.id);
                if known.len() >= new.limit as usize && !is_known {
                    return Ok(CreateApiKeyOutcome::TooMany);
                }
            }
            Flaw::ApiKeyIdIsGivenAgain => {
                if let Some(known) = self.inner.find_api_key(new.id).await? {
                    return Ok(CreateApiKeyOutcome::Created(known.key));
                }
            }
            Flaw::AnybodyGetsAnApiKey => {
                let made = self.inner.create_api_key(new.clone()).await?;
                return Ok(match made {
                    CreateApiKeyOutcome::NoUser => CreateApiKeyOutcome::Created(nobodys(new)),
                    made => made,
                });
            }
            _ => {}
        }
        self.inner.create_api_key(new).await
    }

    async fn find_api_key(&self, key: ApiKeyId) -> Result<Option<ApiKeyRecord>, StoreError> {
        self.connect().await?;
        let Some(mut record) = self.inner.find_api_key(key).await? else {
            return Ok(None);
        };
        match self.flaw {
            Flaw::ApiKeyHasTheOldUser => {
                record.user.status = UserStatus::Active;
                record.user.roles = vec!["reader".to_owned()];
            }
            Flaw::RevokedApiKeyIsForgotten if record.key.revoked_at.is_some() => {
                record.key.revoked_at = record
                    .key
                    .revoked_at
                    .filter(|at| record.now.since(*at) < DAY);
            }
            Flaw::FormerSecretDiesAtOnce => record.former = None,
            Flaw::ApiKeyRevocationIsTwoSteps if self.is_half_done(key).await => {
                record.key.revoked_at = Some(record.now);
            }
            Flaw::RotationOfApiKeyIsTwoSteps if self.is_half_done(key).await => {
                record.former = None;
            }
            Flaw::FormerSecretOutlivesItsKey => {
                if let Some(former) = &mut record.former {
                    former.until = former.until + DAY;
                }
            }
            _ => {}
        }
        Ok(Some(record))
    }

    async fn api_keys(
        &self,
        tenant: TenantId,
        user: Option<UserId>,
        after: Option<ApiKeyId>,
        limit: u32,
    ) -> Result<Vec<ApiKeyInfo>, StoreError> {
        self.connect().await?;
        match self.flaw {
            // As a page that is found by counting rows.
            Flaw::ApiKeyPagesAreCounted => {
                let mut all = self.inner.api_keys(tenant, user, None, u32::MAX).await?;
                let mut pages = self.rows.lock().await;
                let page = if after.is_none() { 0 } else { pages.pages + 1 };
                pages.pages = page;
                all.drain(..(page * limit as usize).min(all.len()));
                all.truncate(limit as usize);
                Ok(all)
            }
            Flaw::ApiKeysOfAllUsersAreListed => {
                self.inner.api_keys(tenant, None, after, limit).await
            }
            Flaw::EndedApiKeysAreForgottenAtOnce => {
                let mut keys = self.inner.api_keys(tenant, user, after, limit).await?;
                let now = self.now();
                keys.retain(|key| key.is_live(now));
                Ok(keys)
            }
            Flaw::EndedApiKeysAreNotForgotten => {
                let keys = self.inner.api_keys(tenant, user, after, limit).await?;
                let mut rows = self.rows.lock().await;
                let ended = rows.ended_keys.iter();
                let ended = ended
                    .filter(|old| old.tenant == tenant && user.is_none_or(|user| user == old.user));
                let gone = |old: &&ApiKeyInfo| keys.iter().all(|key| key.id != old.id);
                let gone: Vec<_> = ended.filter(gone).cloned().collect();
                rows.ended_keys.extend(keys.iter().cloned());
                Ok(keys.into_iter().chain(gone).collect())
            }
            _ => self.inner.api_keys(tenant, user, after, limit).await,
        }
    }

    async fn revoke_api_key(
        &self,
        tenant: TenantId,
        user: Option<UserId>,
        key: ApiKeyId,
    ) -> Result<Committed<RevokeApiKeyOutcome>, StoreError> {
        self.connect().await?;
        let known = self.inner.find_api_key(key).await?;
        let was_live = known
            .as_ref()
            .is_some_and(|known| known.key.revoked_at.is_none());
        let (tenant, user) = match &known {
            Some(known) if self.has(Flaw::AnybodyRevokesApiKeys) => (known.key.tenant, None),
            _ => (tenant, user),
        };
        if self.has(Flaw::ExpiredApiKeyIsNotRevoked)
            && known.is_some_and(|known| !known.key.is_live(known.now))
        {
            return Ok(Committed::quiet(RevokeApiKeyOutcome::Already));
        }
        if self.has(Flaw::ApiKeyRevocationIsTwoSteps) {
            self.rows.lock().await.half_done.insert(key);
            self.meanwhile().await;
        }
        if self.has(Flaw::ApiKeyRevocationReadsThenWrites) && was_live {
            self.meanwhile().await;
            let mut done = self.inner.revoke_api_key(tenant, user, key).await?;
            if done.value == RevokeApiKeyOutcome::Already {
                done.value = RevokeApiKeyOutcome::Revoked;
            }
            return Ok(done);
        }
        let mut done = self.inner.revoke_api_key(tenant, user, key).await?;
        if self.has(Flaw::ApiKeyIsRevokedAgain) && done.value == RevokeApiKeyOutcome::Already {
            done.value = RevokeApiKeyOutcome::Revoked;
        }
        done.revoked = self.returned(done.revoked);
        Ok(done)
    }

    async fn revoke_api_keys(
        &self,
        tenant: TenantId,
        user: UserId,
    ) -> Result<Committed<u64>, StoreError> {
        self.connect().await?;
        if self.has(Flaw::AllButExpiredApiKeysAreRevoked) {
            let known = self
                .inner
                .api_keys(tenant, Some(user), None, u32::MAX)
                .await?;
            let now = self.now();
            let mut all = Committed::quiet(0);
            for key in known.iter().filter(|key| key.is_live(now)) {
                let done = self
                    .inner
                    .revoke_api_key(tenant, Some(user), key.id)
                    .await?;
                all.value += 1;
                all.revoked.extend(done.revoked);
            }
            return Ok(all);
        }
        let mut done = self.inner.revoke_api_keys(tenant, user).await?;
        done.revoked = self.returned(done.revoked);
        Ok(done)
    }

    async fn rotate_api_key(
        &self,
        rotation: &ApiKeyRotation,
    ) -> Result<RotateApiKeyOutcome, StoreError> {
        self.connect().await?;
        let mut rotation = rotation.clone();
        let Some(known) = self.inner.find_api_key(rotation.key).await? else {
            return Ok(RotateApiKeyOutcome::Moved);
        };
        match self.flaw {
            Flaw::RotationOfApiKeyIgnoresSeen => rotation.seen = known.hash,
            Flaw::RotationOfApiKeyIgnoresTenant => rotation.tenant = known.key.tenant,
            Flaw::RotationOfApiKeyReadsThenWrites if known.hash == rotation.seen => {
                self.meanwhile().await;
                let now = self.inner.find_api_key(rotation.key).await?;
                rotation.seen = now.map_or(known.hash, |now| now.hash);
            }
            Flaw::FormerSecretLivesOn => rotation.overlap = DAY * 365,
            Flaw::EndedApiKeyIsRotated if !known.key.is_live(known.now) => {
                return Ok(RotateApiKeyOutcome::Rotated(known.key));
            }
            Flaw::RotationOfApiKeyIsTwoSteps if known.hash == rotation.seen => {
                self.rows.lock().await.half_done.insert(rotation.key);
                let outcome = self.inner.rotate_api_key(&rotation).await?;
                self.meanwhile().await;
                self.rows.lock().await.half_done.remove(&rotation.key);
                return Ok(outcome);
            }
            Flaw::RotationRevivesApiKeys => {
                self.meanwhile().await;
                let outcome = self.inner.rotate_api_key(&rotation).await?;
                return Ok(match outcome {
                    RotateApiKeyOutcome::Moved if known.hash == rotation.seen => {
                        RotateApiKeyOutcome::Rotated(known.key)
                    }
                    outcome => outcome,
                });
            }
            _ => {}
        }
        let rotated = self.inner.rotate_api_key(&rotation).await;
        self.forget_rotation();
        rotated
    }

    async fn note_api_key_use(&self, key: ApiKeyId) -> Result<bool, StoreError> {
        self.connect().await?;
        let known = self.inner.find_api_key(key).await?;
        if self.has(Flaw::EveryUseIsNoted) {
            return Ok(known.is_some());
        }
        let last = known.and_then(|known| known.key.last_used_at);
        if self.has(Flaw::UseIsReadThenNoted) && last.is_none() {
            self.meanwhile().await;
            self.inner.note_api_key_use(key).await?;
            return Ok(true);
        }
        self.inner.note_api_key_use(key).await
    }
}

impl Flawed {
    async fn is_half_done(&self, key: ApiKeyId) -> bool {
        self.rows.lock().await.half_done.contains(&key)
    }
}

/// A key whose user nobody looked at.
fn nobodys(new: NewApiKey) -> ApiKeyInfo {
    ApiKeyInfo {
        id: new.id,
        tenant: new.tenant,
        user: new.user,
        name: new.name,
        scope: new.scope,
        created_at: super::BEGINNING,
        expires_at: None,
        rotated_at: None,
        former_until: None,
        last_used_at: None,
        revoked_at: None,
    }
}

/// Whether a row of the log is about an API key.
pub(super) fn is_of_api_key(target: &Target) -> bool {
    matches!(target, Target::ApiKey { .. })
}
