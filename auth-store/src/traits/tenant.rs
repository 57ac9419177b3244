//! Tenants.

use async_trait::async_trait;
use auth_core::TenantId;

use super::user::Committed;
use crate::error::StoreError;

/// A tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// The tenant's id, the `tid` of tokens.
    pub id: TenantId,
    /// Whether its users may do anything.
    pub status: TenantStatus,
    /// The tenant version: access tokens below it are dead.
    pub ver: i64,
}

/// Whether the users of a tenant may do anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TenantStatus {
    /// They may sign up, log in and refresh.
    Active,
    /// They may do nothing, until it is made active again.
    Disabled,
}

impl TenantStatus {
    /// The name under which stores keep it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disabled => "disabled",
        }
    }

    /// Reads the name under which stores keep it.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Active, Self::Disabled]
            .into_iter()
            .find(|status| status.as_str() == name)
    }
}

/// Tenants. [`TenantId::DEFAULT`] is there from the beginning.
#[async_trait]
pub trait TenantStore {
    /// Adds a tenant, active; nothing happens when it is there already, of
    /// whatever status.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    async fn create_tenant(&self, tenant: TenantId) -> Result<(), StoreError>;

    /// Reads a tenant.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    async fn tenant(&self, tenant: TenantId) -> Result<Option<Tenant>, StoreError>;

    /// Sets a tenant's status, raises its `ver` and writes the log row, even if
    /// the status is the same as before; the tenant as it is now, or `None`
    /// where there is none. Every access token of the tenant ends. While it is
    /// disabled nobody signs up, logs in or refreshes in it; what was open
    /// before goes on when it is active again. No row of a user or session is
    /// touched.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    async fn set_tenant_status(
        &self,
        tenant: TenantId,
        status: TenantStatus,
    ) -> Result<Committed<Option<Tenant>>, StoreError>;
}
