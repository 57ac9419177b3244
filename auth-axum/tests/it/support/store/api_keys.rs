//! The API keys of a faulty store.

use async_trait::async_trait;
use auth_core::{ApiKeyId, TenantId, UserId};
use auth_store::{
    ApiKeyInfo, ApiKeyRecord, ApiKeyRotation, ApiKeyStore, Committed, CreateApiKeyOutcome,
    NewApiKey, RevokeApiKeyOutcome, RotateApiKeyOutcome, StoreError,
};

use super::Faulty;

#[async_trait]
impl ApiKeyStore for Faulty {
    async fn create_api_key(&self, key: NewApiKey) -> Result<CreateApiKeyOutcome, StoreError> {
        self.up()?.create_api_key(key).await
    }

    async fn find_api_key(&self, key: ApiKeyId) -> Result<Option<ApiKeyRecord>, StoreError> {
        let found = self.up()?.find_api_key(key).await;
        self.lag(found).await
    }

    async fn api_keys(
        &self,
        tenant: TenantId,
        user: Option<UserId>,
        after: Option<ApiKeyId>,
        limit: u32,
    ) -> Result<Vec<ApiKeyInfo>, StoreError> {
        self.up()?.api_keys(tenant, user, after, limit).await
    }

    async fn revoke_api_key(
        &self,
        tenant: TenantId,
        user: Option<UserId>,
        key: ApiKeyId,
    ) -> Result<Committed<RevokeApiKeyOutcome>, StoreError> {
        self.up()?.revoke_api_key(tenant, user, key).await
    }

    async fn revoke_api_keys(
        &self,
        tenant: TenantId,
        user: UserId,
    ) -> Result<Committed<u64>, StoreError> {
        self.up()?.revoke_api_keys(tenant, user).await
    }

    async fn rotate_api_key(
        &self,
        rotation: &ApiKeyRotation,
    ) -> Result<RotateApiKeyOutcome, StoreError> {
        self.up()?.rotate_api_key(rotation).await
    }

    async fn note_api_key_use(&self, key: ApiKeyId) -> Result<bool, StoreError> {
        self.up()?.note_api_key_use(key).await
    }
}
