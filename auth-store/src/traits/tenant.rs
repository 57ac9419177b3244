//! Tenants.

use async_trait::async_trait;
use auth_core::TenantId;

use crate::error::StoreError;

/// Tenants. [`TenantId::DEFAULT`] is there from the beginning.
#[async_trait]
pub trait TenantStore {
    /// Adds a tenant; nothing happens when it is there already.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    async fn create_tenant(&self, tenant: TenantId) -> Result<(), StoreError>;
}
