//! Look-ups that are answered wrong.

use async_trait::async_trait;
use auth_core::{TenantId, UserId};
use auth_store::{
    Consistency, Identifier, LookUpStore, Session, SessionStore, StoreError, User, UserStore,
};

use super::{Flaw, Flawed};

impl Flawed {
    /// A copy from before anything was done.
    fn is_blank(&self, consistency: Consistency) -> bool {
        match consistency {
            Consistency::Strong => self.has(Flaw::StrongIsEventual),
            _ => self.has(Flaw::CopyStandsStill),
        }
    }
}

#[async_trait]
impl LookUpStore for Flawed {
    async fn look_up_user(
        &self,
        tenant: TenantId,
        id: UserId,
        consistency: Consistency,
    ) -> Result<Option<User>, StoreError> {
        if self.is_blank(consistency) {
            return Ok(None);
        }
        let found = self.user(self.tenant(tenant), id).await?;
        Ok(found.map(|record| record.user))
    }

    async fn look_up_identifier(
        &self,
        tenant: TenantId,
        identifier: &Identifier,
        consistency: Consistency,
    ) -> Result<Option<User>, StoreError> {
        if self.is_blank(consistency) {
            return Ok(None);
        }
        let found = self.find_user(self.tenant(tenant), identifier).await?;
        Ok(found.map(|record| record.user))
    }

    async fn look_up_sessions(
        &self,
        tenant: TenantId,
        user: UserId,
        _consistency: Consistency,
    ) -> Result<Vec<Session>, StoreError> {
        self.sessions(tenant, user).await
    }
}
