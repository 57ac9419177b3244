//! The API keys of an unsure store.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use auth_core::{ApiKeyId, TenantId, UserId};
use auth_store::*;

use super::Unsure;

impl Unsure {
    /// One that keeps none.
    pub fn without_api_keys(inner: Arc<dyn Store>) -> Arc<Self> {
        let store = Self::new(inner);
        store.keyless.store(true, Ordering::SeqCst);
        store
    }

    fn keys(&self) -> Result<&dyn ApiKeyStore, StoreError> {
        Ok(self.up()?.api_key_store().unwrap())
    }

    fn keys_to_change(&self) -> Result<&dyn ApiKeyStore, StoreError> {
        Ok(self.change()?.api_key_store().unwrap())
    }

    /// Passes on the number of the store's changes, as only one process has it.
    pub fn number_changes(&self) {
        self.numbered.store(true, Ordering::SeqCst);
    }

    /// How many API keys were looked up.
    pub fn finds(&self) -> usize {
        self.finds.load(Ordering::SeqCst)
    }

    /// How often a use was to be noted.
    pub fn notes(&self) -> usize {
        self.notes.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl ApiKeyStore for Unsure {
    async fn create_api_key(&self, key: NewApiKey) -> Result<CreateApiKeyOutcome, StoreError> {
        self.confirm(self.keys_to_change()?.create_api_key(key).await)
            .await
    }

    async fn find_api_key(&self, key: ApiKeyId) -> Result<Option<ApiKeyRecord>, StoreError> {
        self.finds.fetch_add(1, Ordering::SeqCst);
        self.keys()?.find_api_key(key).await
    }

    async fn api_keys(
        &self,
        tenant: TenantId,
        user: Option<UserId>,
        after: Option<ApiKeyId>,
        limit: u32,
    ) -> Result<Vec<ApiKeyInfo>, StoreError> {
        self.keys()?.api_keys(tenant, user, after, limit).await
    }

    async fn revoke_api_key(
        &self,
        tenant: TenantId,
        user: Option<UserId>,
        key: ApiKeyId,
    ) -> Result<Committed<RevokeApiKeyOutcome>, StoreError> {
        let done = self.keys_to_change()?.revoke_api_key(tenant, user, key);
        self.confirm(done.await).await
    }

    async fn revoke_api_keys(
        &self,
        tenant: TenantId,
        user: UserId,
    ) -> Result<Committed<u64>, StoreError> {
        self.confirm(self.keys_to_change()?.revoke_api_keys(tenant, user).await)
            .await
    }

    async fn rotate_api_key(
        &self,
        rotation: &ApiKeyRotation,
    ) -> Result<RotateApiKeyOutcome, StoreError> {
        self.confirm(self.keys_to_change()?.rotate_api_key(rotation).await)
            .await
    }

    async fn note_api_key_use(&self, key: ApiKeyId) -> Result<bool, StoreError> {
        self.notes.fetch_add(1, Ordering::SeqCst);
        // As slow as a store may be.
        let _by = self.gate.acquire().await.unwrap();
        self.keys()?.note_api_key_use(key).await
    }
}
