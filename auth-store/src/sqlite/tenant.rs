//! Tenants.

use async_trait::async_trait;
use auth_core::TenantId;

use super::error::failed;
use super::{SqliteStore, id};
use crate::error::StoreError;
use crate::traits::TenantStore;

#[async_trait]
impl TenantStore for SqliteStore {
    async fn create_tenant(&self, tenant: TenantId) -> Result<(), StoreError> {
        self.write(move |tx| {
            Box::pin(async move {
                sqlx::query(
                    "INSERT INTO auth_tenants (id, status, ver) VALUES (?, 'active', 1) \
                     ON CONFLICT (id) DO NOTHING",
                )
                .bind(id(tenant.as_uuid()))
                .execute(&mut tx.connection)
                .await
                .map_err(failed)?;
                Ok(())
            })
        })
        .await
    }
}
