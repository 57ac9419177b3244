//! Tenants, in memory.

use async_trait::async_trait;
use auth_core::TenantId;

use super::MemoryStore;
use crate::error::StoreError;
use crate::traits::TenantStore;

/// A tenant's row.
pub(super) struct TenantRow {
    /// Whether its users may do anything.
    pub(super) active: bool,
    /// The tenant version: access tokens below it are dead.
    pub(super) ver: i64,
}

impl Default for TenantRow {
    fn default() -> Self {
        Self {
            active: true,
            ver: 1,
        }
    }
}

#[async_trait]
impl TenantStore for MemoryStore {
    async fn create_tenant(&self, tenant: TenantId) -> Result<(), StoreError> {
        let (mut state, _) = self.lock();
        state.tenants.entry(tenant).or_default();
        Ok(())
    }
}
