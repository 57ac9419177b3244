//! API keys, in memory.

use std::collections::BTreeMap;
use std::ops::Bound;

use async_trait::async_trait;
use auth_core::api_key::{ApiKeyHash, FormerSecret};
use auth_core::revocation::Target;
use auth_core::{ApiKeyId, TenantId, Timestamp, UserId};

use super::MemoryStore;
use super::state::State;
use super::tenant::TenantRow;
use super::user::UserRow;
use crate::error::{StoreError, StoreErrorKind};
use crate::traits::{
    ApiKeyInfo, ApiKeyRecord, ApiKeyRotation, ApiKeyStore, Committed, CreateApiKeyOutcome,
    NewApiKey, RevokeApiKeyOutcome, RotateApiKeyOutcome, USE_IS_NEWS_AFTER,
};

/// In the order of their ids, as they are listed.
pub(super) type ApiKeys = BTreeMap<ApiKeyId, ApiKeyRow>;

/// A key's row.
pub(super) struct ApiKeyRow {
    info: ApiKeyInfo,
    hash: ApiKeyHash,
    former: Option<FormerSecret>,
}

#[async_trait]
impl ApiKeyStore for MemoryStore {
    async fn create_api_key(&self, new: NewApiKey) -> Result<CreateApiKeyOutcome, StoreError> {
        let (mut state, now) = self.lock();
        let user = state.users.get(&(new.tenant, new.user));
        if !state.tenant_is_active(new.tenant) || !user.is_some_and(UserRow::is_active) {
            return Ok(CreateApiKeyOutcome::NoUser);
        }
        if let Some(made) = state.api_keys.get(&new.id) {
            return if made.hash == new.hash {
                Ok(CreateApiKeyOutcome::Created(made.info.clone()))
            } else {
                let id_in_use = "the id of the API key is in use";
                Err(StoreError::new(StoreErrorKind::Other, id_in_use))
            };
        }
        let theirs = |info: &ApiKeyInfo| (info.tenant, info.user) == (new.tenant, new.user);
        state
            .api_keys
            .retain(|_, row| !theirs(&row.info) || !row.info.is_long_ended(now));
        let rows = state.api_keys.values();
        let live = rows.filter(|row| theirs(&row.info) && row.info.is_live(now));
        if live.count() >= new.limit.try_into().unwrap_or(usize::MAX) {
            return Ok(CreateApiKeyOutcome::TooMany);
        }
        let info = ApiKeyInfo {
            id: new.id,
            tenant: new.tenant,
            user: new.user,
            name: new.name,
            scope: new.scope,
            created_at: now,
            expires_at: new.lifetime.map(|lifetime| now + lifetime),
            rotated_at: None,
            former_until: None,
            last_used_at: None,
            revoked_at: None,
        };
        let row = ApiKeyRow {
            info: info.clone(),
            hash: new.hash,
            former: None,
        };
        state.api_keys.insert(new.id, row);
        state.changes.one();
        state.tell(&self.effects, info.tenant, &info.user, now);
        Ok(CreateApiKeyOutcome::Created(info))
    }

    async fn find_api_key(&self, key: ApiKeyId) -> Result<Option<ApiKeyRecord>, StoreError> {
        let (state, now) = self.lock();
        Ok(state.api_key_record(key, now))
    }

    async fn api_keys(
        &self,
        tenant: TenantId,
        user: Option<UserId>,
        after: Option<ApiKeyId>,
        limit: u32,
    ) -> Result<Vec<ApiKeyInfo>, StoreError> {
        let (state, _) = self.lock();
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let of_them =
            |info: &&ApiKeyInfo| info.tenant == tenant && user.is_none_or(|user| user == info.user);
        let rows = state.api_keys.range((from, Bound::Unbounded));
        let infos = rows.map(|(_, row)| &row.info).filter(of_them).cloned();
        Ok(infos.take(limit.try_into().unwrap_or(usize::MAX)).collect())
    }

    async fn revoke_api_key(
        &self,
        tenant: TenantId,
        user: Option<UserId>,
        key: ApiKeyId,
    ) -> Result<Committed<RevokeApiKeyOutcome>, StoreError> {
        let (mut state, now) = self.lock();
        let theirs =
            |info: &ApiKeyInfo| info.tenant == tenant && user.is_none_or(|user| user == info.user);
        let Some(row) = state.api_keys.get_mut(&key).filter(|row| theirs(&row.info)) else {
            return Ok(Committed::quiet(RevokeApiKeyOutcome::Unknown));
        };
        if row.info.revoked_at.is_some() {
            return Ok(Committed::quiet(RevokeApiKeyOutcome::Already));
        }
        row.info.revoked_at = Some(now);
        let owner = row.info.user;
        let revoked = vec![state.revoke(Target::ApiKey { tenant, key }, now)];
        state.tell(&self.effects, tenant, &owner, now);
        Ok(Committed {
            value: RevokeApiKeyOutcome::Revoked,
            revoked,
        })
    }

    async fn revoke_api_keys(
        &self,
        tenant: TenantId,
        user: UserId,
    ) -> Result<Committed<u64>, StoreError> {
        let (mut state, now) = self.lock();
        let mut targets = Vec::new();
        for (key, row) in &mut state.api_keys {
            let is_theirs = (row.info.tenant, row.info.user) == (tenant, user);
            if is_theirs && row.info.revoked_at.is_none() {
                row.info.revoked_at = Some(now);
                targets.push(Target::ApiKey { tenant, key: *key });
            }
        }
        let revoke = |target| state.revoke(target, now);
        let revoked: Vec<_> = targets.into_iter().map(revoke).collect();
        if !revoked.is_empty() {
            state.tell(&self.effects, tenant, &user, now);
        }
        Ok(Committed {
            value: revoked.len().try_into().unwrap_or(u64::MAX),
            revoked,
        })
    }

    async fn rotate_api_key(
        &self,
        rotation: &ApiKeyRotation,
    ) -> Result<RotateApiKeyOutcome, StoreError> {
        let (mut state, now) = self.lock();
        let row = state.api_keys.get_mut(&rotation.key);
        let Some(row) =
            row.filter(|row| row.info.tenant == rotation.tenant && row.info.is_live(now))
        else {
            return Ok(RotateApiKeyOutcome::Moved);
        };
        if row.hash == rotation.hash {
            return Ok(RotateApiKeyOutcome::Rotated(row.info.clone()));
        }
        if row.hash != rotation.seen {
            return Ok(RotateApiKeyOutcome::Moved);
        }
        let until = now + rotation.overlap;
        let until = row.info.expires_at.map_or(until, |end| until.min(end));
        row.former = Some(FormerSecret {
            hash: row.hash,
            until,
        });
        row.hash = rotation.hash;
        row.info.rotated_at = Some(now);
        row.info.former_until = Some(until);
        let info = row.info.clone();
        state.changes.one();
        state.tell(&self.effects, info.tenant, &info.user, now);
        Ok(RotateApiKeyOutcome::Rotated(info))
    }

    async fn note_api_key_use(&self, key: ApiKeyId) -> Result<bool, StoreError> {
        let (mut state, now) = self.lock();
        let Some(row) = state.api_keys.get_mut(&key) else {
            return Ok(false);
        };
        let is_news = row
            .info
            .last_used_at
            .is_none_or(|last| now.since(last) >= USE_IS_NEWS_AFTER);
        if is_news {
            row.info.last_used_at = Some(now);
        }
        Ok(is_news)
    }
}

impl State {
    fn api_key_record(&self, key: ApiKeyId, now: Timestamp) -> Option<ApiKeyRecord> {
        let ApiKeyRow { info, hash, former } = self.api_keys.get(&key)?;
        let user = self.users.get(&(info.tenant, info.user))?;
        let TenantRow { active, ver } = self.tenants.get(&info.tenant)?;
        Some(ApiKeyRecord {
            key: info.clone(),
            hash: *hash,
            former: former.filter(|former| now < former.until),
            user: user.user.clone(),
            tenant_active: *active,
            tver: *ver,
            now,
        })
    }
}
