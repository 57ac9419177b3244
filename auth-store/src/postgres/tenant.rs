//! Tenants.

use async_trait::async_trait;
use auth_core::TenantId;
use auth_core::revocation::Target;
use sqlx::postgres::PgRow;

use super::PgStore;
use super::log::log_row;
use super::outbox::{bind_events, events};
use super::row::{get, revoked};
use crate::error::{StoreError, StoreErrorKind};
use crate::sql::corrupt;
use crate::traits::{Committed, Tenant, TenantStatus, TenantStore};

const CREATE: &str = "INSERT INTO auth.tenants (id) VALUES ($1) ON CONFLICT DO NOTHING";

const BY_ID: &str = "SELECT t.status, t.ver FROM auth.tenants t WHERE t.id = $1";

/// One that was given up may still run, after a later one was acknowledged: its
/// `ver` is no longer the tenant's then, and it undoes nothing.
macro_rules! set_status {
    ($events:expr) => {
        concat!(
            "WITH r AS (UPDATE auth.tenants t SET status = $3, ver = t.ver + 1 WHERE t.id = $1 AND t.ver = $2 \
                        RETURNING t.id AS tenant, t.status, t.ver), l AS (",
            log_row!("tenant", "NULL", "r.ver"),
            ")",
            $events,
            " SELECT r.status, r.ver, l.remembered_until FROM r CROSS JOIN l"
        )
    };
}

const SET_STATUS: &str = set_status!("");
const SET_STATUS_TELLING: &str = set_status!(events!("r", "r.tenant", "r.tenant", "$4"));

/// How often a change starts over because another one came first.
const ATTEMPTS: usize = 64;

#[async_trait]
impl TenantStore for PgStore {
    async fn create_tenant(&self, tenant: TenantId) -> Result<(), StoreError> {
        let mut lease = self.lease().await?;
        lease
            .write(CREATE, |sql| sql.bind(tenant.as_uuid()))
            .await?;
        Ok(())
    }

    async fn tenant(&self, tenant: TenantId) -> Result<Option<Tenant>, StoreError> {
        let mut lease = self.lease().await?;
        let row = lease.read(BY_ID, |sql| sql.bind(tenant.as_uuid())).await?;
        row.map(|row| read(&row, tenant)).transpose()
    }

    async fn set_tenant_status(
        &self,
        tenant: TenantId,
        status: TenantStatus,
    ) -> Result<Committed<Option<Tenant>>, StoreError> {
        let mut lease = self.lease().await?;
        let sql = self.told(SET_STATUS, SET_STATUS_TELLING);
        for _ in 0..ATTEMPTS {
            let seen = lease.read(BY_ID, |sql| sql.bind(tenant.as_uuid())).await?;
            let Some(seen) = seen else {
                return Ok(Committed::quiet(None));
            };
            let seen = read(&seen, tenant)?.ver;
            let row = lease
                .write(sql, |sql| {
                    let sql = sql.bind(tenant.as_uuid()).bind(seen);
                    bind_events(&self.effects, sql.bind(status.as_str()))
                })
                .await?;
            if let Some(row) = row {
                self.sweep_in_turn(lease);
                let changed = read(&row, tenant)?;
                let floor = changed.ver;
                return Ok(Committed {
                    value: Some(changed),
                    revoked: vec![revoked(&row, Target::Tenant { tenant, floor })?],
                });
            }
        }
        Err(StoreError::new(
            StoreErrorKind::Unavailable,
            "the tenant is being changed all the time",
        ))
    }
}

fn read(row: &PgRow, tenant: TenantId) -> Result<Tenant, StoreError> {
    let status = TenantStatus::from_name(get(row, "status")?);
    Ok(Tenant {
        id: tenant,
        status: status.ok_or_else(|| corrupt("status"))?,
        ver: get(row, "ver")?,
    })
}
