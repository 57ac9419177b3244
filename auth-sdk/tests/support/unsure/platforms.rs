//! The accounts at platforms of an unsure store.

use async_trait::async_trait;
use auth_core::{TenantId, UserId};
use auth_store::*;

use super::Unsure;

impl Unsure {
    fn platforms(&self) -> Result<&dyn PlatformStore, StoreError> {
        Ok(self.up()?.platform_store().unwrap())
    }

    fn platforms_to_change(&self) -> Result<&dyn PlatformStore, StoreError> {
        Ok(self.change()?.platform_store().unwrap())
    }
}

#[async_trait]
impl PlatformStore for Unsure {
    async fn link_platform(
        &self,
        tenant: TenantId,
        user: UserId,
        key: &PlatformKey,
    ) -> Result<LinkOutcome, StoreError> {
        let done = self.platforms_to_change()?.link_platform(tenant, user, key);
        self.confirm(done.await).await
    }

    async fn find_by_platform(
        &self,
        tenant: TenantId,
        key: &PlatformKey,
    ) -> Result<Option<UserRecord>, StoreError> {
        self.platforms()?.find_by_platform(tenant, key).await
    }

    async fn platform_accounts(
        &self,
        tenant: TenantId,
        user: UserId,
    ) -> Result<Vec<PlatformAccount>, StoreError> {
        self.platforms()?.platform_accounts(tenant, user).await
    }

    async fn unlink_platform(
        &self,
        tenant: TenantId,
        user: UserId,
        key: &PlatformKey,
    ) -> Result<Committed<RemoveOutcome>, StoreError> {
        let done = self
            .platforms_to_change()?
            .unlink_platform(tenant, user, key);
        self.confirm(done.await).await
    }

    async fn remove_password(
        &self,
        tenant: TenantId,
        user: UserId,
    ) -> Result<Committed<RemoveOutcome>, StoreError> {
        let done = self.platforms_to_change()?.remove_password(tenant, user);
        self.confirm(done.await).await
    }
}
