//! Tenants.

use async_trait::async_trait;
use auth_core::TenantId;

use super::PgStore;
use crate::error::StoreError;
use crate::traits::TenantStore;

const CREATE: &str = "INSERT INTO auth.tenants (id) VALUES ($1) ON CONFLICT DO NOTHING";

#[async_trait]
impl TenantStore for PgStore {
    async fn create_tenant(&self, tenant: TenantId) -> Result<(), StoreError> {
        let mut lease = self.lease().await?;
        lease
            .write(CREATE, |sql| sql.bind(tenant.as_uuid()))
            .await?;
        Ok(())
    }
}
