//! Tenants, under keys.

use async_trait::async_trait;
use auth_core::TenantId;
use auth_core::revocation::Target;

use super::KeyedStore;
use super::database::Database;
use super::row::TenantRow;
use super::tx::{Tx, tenant_key};
use crate::error::StoreError;
use crate::traits::{Committed, Tenant, TenantStatus, TenantStore};

#[async_trait]
impl<D: Database> TenantStore for KeyedStore<D> {
    async fn create_tenant(&self, tenant: TenantId) -> Result<(), StoreError> {
        self.write(move |tx| create(tx, tenant)).await
    }

    async fn tenant(&self, tenant: TenantId) -> Result<Option<Tenant>, StoreError> {
        self.read(move |view| view.tenant(tenant)).await
    }

    async fn set_tenant_status(
        &self,
        tenant: TenantId,
        status: TenantStatus,
    ) -> Result<Committed<Option<Tenant>>, StoreError> {
        self.write(move |tx| {
            let Some(Tenant { ver, .. }) = tx.view().tenant(tenant)? else {
                return Ok(Committed::quiet(None));
            };
            let row = TenantRow {
                status,
                ver: ver + 1,
            };
            tx.put(&tenant_key(tenant), &row)?;
            let floor = row.ver;
            Ok(Committed {
                value: Some(row.of(tenant)),
                revoked: vec![tx.revoke(Target::Tenant { tenant, floor })?],
            })
        })
        .await
    }
}

/// Adds a tenant, unless it is there.
pub(super) fn create(tx: &mut Tx<'_>, tenant: TenantId) -> Result<(), StoreError> {
    if tx.view().tenant(tenant)?.is_some() {
        return Ok(());
    }
    let row = TenantRow {
        status: TenantStatus::Active,
        ver: 1,
    };
    tx.put(&tenant_key(tenant), &row)
}
