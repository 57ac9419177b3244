//! Tenants, in memory.

use async_trait::async_trait;
use auth_core::TenantId;
use auth_core::revocation::Target;

use super::MemoryStore;
use super::state::State;
use crate::error::StoreError;
use crate::traits::{Committed, Tenant, TenantStatus, TenantStore};

/// A tenant's row.
pub(super) struct TenantRow {
    /// Whether its users may do anything.
    pub(super) active: bool,
    /// The tenant version: access tokens below it are dead.
    pub(super) ver: i64,
}

impl TenantRow {
    fn tenant(&self, id: TenantId) -> Tenant {
        Tenant {
            id,
            status: if self.active {
                TenantStatus::Active
            } else {
                TenantStatus::Disabled
            },
            ver: self.ver,
        }
    }
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

    async fn tenant(&self, tenant: TenantId) -> Result<Option<Tenant>, StoreError> {
        let (state, _) = self.lock();
        Ok(state.tenants.get(&tenant).map(|row| row.tenant(tenant)))
    }

    async fn set_tenant_status(
        &self,
        tenant: TenantId,
        status: TenantStatus,
    ) -> Result<Committed<Option<Tenant>>, StoreError> {
        let (mut state, now) = self.lock();
        let Some(row) = state.tenants.get_mut(&tenant) else {
            return Ok(Committed::quiet(None));
        };
        row.active = status == TenantStatus::Active;
        row.ver += 1;
        let changed = row.tenant(tenant);
        let target = Target::Tenant {
            tenant,
            floor: changed.ver,
        };
        let revoked = vec![state.revoke(target, now)];
        state.tell(&self.effects, tenant, &tenant, now);
        Ok(Committed {
            value: Some(changed),
            revoked,
        })
    }
}

impl State {
    /// Whether a tenant is there and its users may do anything.
    pub(super) fn tenant_is_active(&self, tenant: TenantId) -> bool {
        self.tenants.get(&tenant).is_some_and(|row| row.active)
    }
}
