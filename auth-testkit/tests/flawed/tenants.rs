//! Tenants, and what goes wrong with them.

use async_trait::async_trait;
use auth_core::TenantId;
use auth_store::{
    Committed, StoreError, StoreErrorKind, Tenant, TenantStatus, TenantStore, UserRecord,
};

use super::{Flaw, Flawed};

#[async_trait]
impl TenantStore for Flawed {
    async fn create_tenant(&self, tenant: TenantId) -> Result<(), StoreError> {
        self.connect().await?;
        if !self.rows.lock().await.tenants.insert(tenant) {
            if self.has(Flaw::TenantIsMadeOnce) {
                return Err(StoreErrorKind::Other.into());
            }
            if self.has(Flaw::TenantIsMadeActive) {
                let active = TenantStatus::Active;
                let _ = self.inner.set_tenant_status(tenant, active).await?;
            }
        }
        self.inner.create_tenant(tenant).await
    }

    async fn tenant(&self, tenant: TenantId) -> Result<Option<Tenant>, StoreError> {
        self.connect().await?;
        self.inner.tenant(tenant).await
    }

    async fn set_tenant_status(
        &self,
        tenant: TenantId,
        status: TenantStatus,
    ) -> Result<Committed<Option<Tenant>>, StoreError> {
        self.connect().await?;
        let seen = self.inner.tenant(tenant).await?;
        match (self.flaw, seen) {
            (Flaw::GhostTenantIsMade, None) => {
                self.inner.create_tenant(tenant).await?;
            }
            (Flaw::TenantChangeIsTwoSteps, Some(seen)) => {
                let _ = self.inner.set_tenant_status(tenant, seen.status).await?;
                self.meanwhile().await;
            }
            (Flaw::TenantStatusIsOnlyOnce, Some(seen)) if seen.status == status => {
                return Ok(Committed::quiet(Some(seen)));
            }
            (Flaw::TenantVersionIsReadThenWritten, Some(seen)) => {
                self.meanwhile().await;
                let mut done = self.inner.set_tenant_status(tenant, status).await?;
                done.value = Some(Tenant {
                    status,
                    ver: seen.ver + 1,
                    ..seen
                });
                return Ok(done);
            }
            _ => {}
        }
        let mut done = self.inner.set_tenant_status(tenant, status).await?;
        done.revoked = self.returned(done.revoked);
        Ok(done)
    }
}

impl Flawed {
    /// The version of a tenant, as tokens say it.
    pub(super) async fn tver(&self, tenant: TenantId) -> Result<i64, StoreError> {
        if self.has(Flaw::TenantVersionIsForgotten) {
            return Ok(1);
        }
        let found = self.inner.tenant(tenant).await?;
        Ok(found.map_or(1, |found| found.ver))
    }

    /// Whether a user's tenant is active, as far as this store looks.
    pub(super) fn tenant_stands(&self, record: &UserRecord) -> bool {
        record.tenant_active || self.has(Flaw::TenantStatusIsNotChecked)
    }
}
