//! Tenants.

use async_trait::async_trait;
use auth_core::TenantId;
use auth_core::revocation::Target;
use sqlx::sqlite::SqliteExecutor;

use super::error::failed;
use super::row::get;
use super::writer::Tx;
use super::{SqliteStore, id, log, outbox};
use crate::error::StoreError;
use crate::sql::corrupt;
use crate::traits::{Committed, Effects, Tenant, TenantStatus, TenantStore};

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

    async fn tenant(&self, tenant: TenantId) -> Result<Option<Tenant>, StoreError> {
        read(&self.readers, tenant).await
    }

    async fn set_tenant_status(
        &self,
        tenant: TenantId,
        status: TenantStatus,
    ) -> Result<Committed<Option<Tenant>>, StoreError> {
        let effects = self.effects.clone();
        self.write(move |tx| Box::pin(set_status(tx, tenant, status, effects)))
            .await
    }
}

async fn set_status(
    tx: &mut Tx,
    tenant: TenantId,
    status: TenantStatus,
    effects: Effects,
) -> Result<Committed<Option<Tenant>>, StoreError> {
    sqlx::query("UPDATE auth_tenants SET status = ?, ver = ver + 1 WHERE id = ?")
        .bind(status.as_str())
        .bind(id(tenant.as_uuid()))
        .execute(&mut tx.connection)
        .await
        .map_err(failed)?;
    let Some(changed) = read(&mut tx.connection, tenant).await? else {
        return Ok(Committed::quiet(None));
    };
    let target = Target::Tenant {
        tenant,
        floor: changed.ver,
    };
    let revoked = vec![log::append(tx, target).await?];
    outbox::tell(tx, &effects, tenant, tenant).await?;
    Ok(Committed {
        value: Some(changed),
        revoked,
    })
}

async fn read(
    executor: impl SqliteExecutor<'_>,
    tenant: TenantId,
) -> Result<Option<Tenant>, StoreError> {
    let row = sqlx::query("SELECT status, ver FROM auth_tenants WHERE id = ?")
        .bind(id(tenant.as_uuid()))
        .fetch_optional(executor)
        .await
        .map_err(failed)?;
    let Some(row) = row else { return Ok(None) };
    let status = TenantStatus::from_name(get(&row, "status")?);
    Ok(Some(Tenant {
        id: tenant,
        status: status.ok_or_else(|| corrupt("status"))?,
        ver: get(&row, "ver")?,
    }))
}
