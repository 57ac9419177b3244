//! A store that is wrong: whoever loses a race gets a successor too, another one.

use std::time::Duration;

use async_trait::async_trait;
use auth_core::revocation::{Cursor, LogError, LogPage, RevocationLog};
use auth_core::{TenantId, UserId};
use auth_store::{
    AttemptStore, ChangeOutcome, Committed, CreateOutcome, EndSessions, HashRenewal, Identifier,
    NewSession, NewUser, OpenOutcome, PasswordChange, PgStore, RotateOutcome, Rotation, Session,
    SessionStore, Settings, SettingsStore, SigningKeyStore, Store, StoreError, Tenant,
    TenantStatus, TenantStore, UserRecord, UserStatus, UserStore,
};

#[derive(Debug)]
pub(crate) struct TwoSuccessors(pub(crate) PgStore);

type Changed = Result<Committed<ChangeOutcome>, StoreError>;

#[async_trait]
impl SessionStore for TwoSuccessors {
    async fn rotate_session(&self, rotation: &Rotation) -> Result<RotateOutcome, StoreError> {
        let outcome = self.0.rotate_session(rotation).await?;
        let RotateOutcome::Replayed(mut grant) = outcome else {
            return Ok(outcome);
        };
        // The flaw: what it drew itself, and not what the row says.
        grant.session.salt = rotation.salt;
        Ok(RotateOutcome::Rotated(grant))
    }

    async fn open_session(&self, session: NewSession) -> Result<OpenOutcome, StoreError> {
        self.0.open_session(session).await
    }

    async fn end_sessions(
        &self,
        tenant: TenantId,
        which: EndSessions,
    ) -> Result<Committed<u64>, StoreError> {
        self.0.end_sessions(tenant, which).await
    }

    async fn sessions(&self, tenant: TenantId, user: UserId) -> Result<Vec<Session>, StoreError> {
        self.0.sessions(tenant, user).await
    }
}

#[async_trait]
impl UserStore for TwoSuccessors {
    async fn create_user(&self, user: NewUser) -> Result<CreateOutcome, StoreError> {
        self.0.create_user(user).await
    }

    async fn find_user(
        &self,
        tenant: TenantId,
        identifier: &Identifier,
    ) -> Result<Option<UserRecord>, StoreError> {
        self.0.find_user(tenant, identifier).await
    }

    async fn user(&self, tenant: TenantId, id: UserId) -> Result<Option<UserRecord>, StoreError> {
        self.0.user(tenant, id).await
    }

    async fn change_password(&self, change: PasswordChange) -> Changed {
        self.0.change_password(change).await
    }

    async fn renew_password_hash(&self, renewal: HashRenewal) -> Result<bool, StoreError> {
        self.0.renew_password_hash(renewal).await
    }

    async fn set_user_status(&self, tenant: TenantId, id: UserId, status: UserStatus) -> Changed {
        self.0.set_user_status(tenant, id, status).await
    }

    async fn set_user_roles(&self, tenant: TenantId, id: UserId, roles: Vec<String>) -> Changed {
        self.0.set_user_roles(tenant, id, roles).await
    }
}

#[async_trait]
impl TenantStore for TwoSuccessors {
    async fn create_tenant(&self, tenant: TenantId) -> Result<(), StoreError> {
        self.0.create_tenant(tenant).await
    }

    async fn tenant(&self, tenant: TenantId) -> Result<Option<Tenant>, StoreError> {
        self.0.tenant(tenant).await
    }

    async fn set_tenant_status(
        &self,
        tenant: TenantId,
        status: TenantStatus,
    ) -> Result<Committed<Option<Tenant>>, StoreError> {
        self.0.set_tenant_status(tenant, status).await
    }
}

#[async_trait]
impl SettingsStore for TwoSuccessors {
    async fn settings(&self, token_lifetime: Duration) -> Result<Settings, StoreError> {
        self.0.settings(token_lifetime).await
    }
}

#[async_trait]
impl RevocationLog for TwoSuccessors {
    async fn read_log(&self, after: &Cursor) -> Result<LogPage, LogError> {
        self.0.read_log(after).await
    }
}

impl Store for TwoSuccessors {
    fn signing_key_store(&self) -> Option<&dyn SigningKeyStore> {
        self.0.signing_key_store()
    }

    fn attempt_store(&self) -> Option<&dyn AttemptStore> {
        self.0.attempt_store()
    }
}
