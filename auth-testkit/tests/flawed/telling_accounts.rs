//! A handle that carries events, and tells those of accounts and API keys wrongly.

use async_trait::async_trait;
use auth_core::{ApiKeyId, TenantId, UserId};
use auth_store::*;

use super::telling::Telling;

#[async_trait]
impl PlatformStore for Telling {
    async fn link_platform(
        &self,
        tenant: TenantId,
        user: UserId,
        key: &PlatformKey,
    ) -> Result<LinkOutcome, StoreError> {
        let outcome = self.inner.link_platform(tenant, user, key).await?;
        let done = matches!(outcome, LinkOutcome::Linked(_));
        self.tell(done, tenant, user, &self.effects).await;
        Ok(outcome)
    }

    async fn find_by_platform(
        &self,
        tenant: TenantId,
        key: &PlatformKey,
    ) -> Result<Option<UserRecord>, StoreError> {
        self.inner.find_by_platform(tenant, key).await
    }

    async fn platform_accounts(
        &self,
        tenant: TenantId,
        user: UserId,
    ) -> Result<Vec<PlatformAccount>, StoreError> {
        self.inner.platform_accounts(tenant, user).await
    }

    async fn unlink_platform(
        &self,
        tenant: TenantId,
        user: UserId,
        key: &PlatformKey,
    ) -> Result<Committed<RemoveOutcome>, StoreError> {
        let outcome = self.inner.unlink_platform(tenant, user, key).await?;
        let done = matches!(outcome.value, RemoveOutcome::Removed(_));
        self.tell(done, tenant, user, &self.effects).await;
        Ok(outcome)
    }

    async fn remove_password(
        &self,
        tenant: TenantId,
        user: UserId,
    ) -> Result<Committed<RemoveOutcome>, StoreError> {
        let outcome = self.inner.remove_password(tenant, user).await?;
        let done = matches!(outcome.value, RemoveOutcome::Removed(_));
        self.tell(done, tenant, user, &self.effects).await;
        Ok(outcome)
    }
}

#[async_trait]
impl ApiKeyStore for Telling {
    async fn create_api_key(&self, key: NewApiKey) -> Result<CreateApiKeyOutcome, StoreError> {
        let (tenant, user) = (key.tenant, key.user);
        let known = self.inner.find_api_key(key.id).await?;
        let outcome = self.inner.create_api_key(key).await?;
        let done = known.is_none() && matches!(outcome, CreateApiKeyOutcome::Created(_));
        self.tell(done, tenant, user, &self.effects).await;
        Ok(outcome)
    }

    async fn find_api_key(&self, key: ApiKeyId) -> Result<Option<ApiKeyRecord>, StoreError> {
        self.inner.find_api_key(key).await
    }

    async fn api_keys(
        &self,
        tenant: TenantId,
        user: Option<UserId>,
        after: Option<ApiKeyId>,
        limit: u32,
    ) -> Result<Vec<ApiKeyInfo>, StoreError> {
        self.inner.api_keys(tenant, user, after, limit).await
    }

    async fn revoke_api_key(
        &self,
        tenant: TenantId,
        user: Option<UserId>,
        key: ApiKeyId,
    ) -> Result<Committed<RevokeApiKeyOutcome>, StoreError> {
        let known = self.inner.find_api_key(key).await?;
        let outcome = self.inner.revoke_api_key(tenant, user, key).await?;
        if let Some(known) = known {
            let done = outcome.value == RevokeApiKeyOutcome::Revoked;
            self.tell(done, tenant, known.key.user, &self.effects).await;
        }
        Ok(outcome)
    }

    async fn revoke_api_keys(
        &self,
        tenant: TenantId,
        user: UserId,
    ) -> Result<Committed<u64>, StoreError> {
        let outcome = self.inner.revoke_api_keys(tenant, user).await?;
        self.tell(outcome.value > 0, tenant, user, &self.effects)
            .await;
        Ok(outcome)
    }

    async fn rotate_api_key(
        &self,
        rotation: &ApiKeyRotation,
    ) -> Result<RotateApiKeyOutcome, StoreError> {
        let known = self.inner.find_api_key(rotation.key).await?;
        let outcome = self.inner.rotate_api_key(rotation).await?;
        if let Some(known) = known {
            let rotated = matches!(outcome, RotateApiKeyOutcome::Rotated(_));
            let done = rotated && known.hash != rotation.hash;
            self.tell(done, rotation.tenant, known.key.user, &self.effects)
                .await;
        }
        Ok(outcome)
    }

    async fn note_api_key_use(&self, key: ApiKeyId) -> Result<bool, StoreError> {
        self.inner.note_api_key_use(key).await
    }
}
