//! A handle that carries events, and tells them wrongly.

use std::time::Duration;

use async_trait::async_trait;
use auth_core::revocation::{Cursor, LogError, LogPage, RevocationLog};
use auth_core::{TenantId, UserId};
use auth_store::*;

use super::{Flaw, Flawed};

/// Changes, then tells: in a store in memory nothing comes in between.
#[derive(Debug)]
pub(super) struct Telling {
    pub(super) inner: Flawed,
    pub(super) effects: Effects,
}

impl Telling {
    pub(super) async fn tell(
        &self,
        done: bool,
        tenant: TenantId,
        subject: impl ToString,
        effects: &Effects,
    ) {
        if self.inner.has(Flaw::EventIsToldLater) {
            self.inner.meanwhile().await;
        }
        let tells = match self.inner.flaw {
            Flaw::EventIsLost => false,
            Flaw::EventIsToldAnyway => true,
            _ => done,
        };
        if tells {
            self.inner.insert(tenant, &subject.to_string(), effects);
        }
    }
}

impl Store for Telling {
    fn platform_store(&self) -> Option<&dyn PlatformStore> {
        Some(self)
    }

    fn api_key_store(&self) -> Option<&dyn ApiKeyStore> {
        Some(self)
    }
}

#[async_trait]
impl UserStore for Telling {
    async fn create_user(&self, user: NewUser) -> Result<CreateOutcome, StoreError> {
        let (tenant, id) = (user.tenant, user.id);
        let outcome = self.inner.create_user(user).await?;
        let done = matches!(outcome, CreateOutcome::Created(_));
        self.tell(done, tenant, id, &self.effects).await;
        Ok(outcome)
    }

    async fn find_user(
        &self,
        tenant: TenantId,
        identifier: &Identifier,
    ) -> Result<Option<UserRecord>, StoreError> {
        self.inner.find_user(tenant, identifier).await
    }

    async fn user(&self, tenant: TenantId, id: UserId) -> Result<Option<UserRecord>, StoreError> {
        self.inner.user(tenant, id).await
    }

    async fn change_password(
        &self,
        change: PasswordChange,
    ) -> Result<Committed<ChangeOutcome>, StoreError> {
        let (tenant, id) = (change.tenant, change.user);
        let outcome = self.inner.change_password(change).await?;
        let done = matches!(outcome.value, ChangeOutcome::Changed(_));
        self.tell(done, tenant, id, &self.effects).await;
        Ok(outcome)
    }

    async fn renew_password_hash(&self, renewal: HashRenewal) -> Result<bool, StoreError> {
        self.inner.renew_password_hash(renewal).await
    }

    async fn set_user_status(
        &self,
        tenant: TenantId,
        id: UserId,
        status: UserStatus,
    ) -> Result<Committed<ChangeOutcome>, StoreError> {
        let outcome = self.inner.set_user_status(tenant, id, status).await?;
        let done = matches!(outcome.value, ChangeOutcome::Changed(_));
        self.tell(done, tenant, id, &self.effects).await;
        Ok(outcome)
    }

    async fn set_user_roles(
        &self,
        tenant: TenantId,
        id: UserId,
        roles: Vec<String>,
    ) -> Result<Committed<ChangeOutcome>, StoreError> {
        let outcome = self.inner.set_user_roles(tenant, id, roles).await?;
        let done = matches!(outcome.value, ChangeOutcome::Changed(_));
        self.tell(done, tenant, id, &self.effects).await;
        Ok(outcome)
    }
}

#[async_trait]
impl SessionStore for Telling {
    async fn open_session(&self, session: NewSession) -> Result<OpenOutcome, StoreError> {
        let (tenant, user) = (session.tenant, session.user);
        let outcome = self.inner.open_session(session).await?;
        let done = matches!(outcome, OpenOutcome::Opened(_));
        self.tell(done, tenant, user, &self.effects).await;
        Ok(outcome)
    }

    async fn rotate_session(&self, rotation: &Rotation) -> Result<RotateOutcome, StoreError> {
        let outcome = self.inner.rotate_session(rotation).await?;
        let theft = match &outcome {
            RotateOutcome::Reused { session, .. } => Some(("reuse", session)),
            RotateOutcome::Conflict { session, .. } => Some(("conflict", session)),
            _ => None,
        };
        if let Some((reason, session)) = theft {
            let effects = if self.inner.has(Flaw::ReasonIsLost) {
                self.effects.clone()
            } else {
                self.effects.of_theft(reason, session.generation)
            };
            self.tell(true, session.tenant, session.user, &effects)
                .await;
        }
        Ok(outcome)
    }

    async fn end_sessions(
        &self,
        tenant: TenantId,
        which: EndSessions,
    ) -> Result<Committed<u64>, StoreError> {
        let user = match which {
            EndSessions::AllOf(user) | EndSessions::OneOf(user, _) => user,
            EndSessions::One(session) => {
                let rows = self.inner.rows.lock().await;
                let row = rows.sessions.get(&session);
                row.map_or(UserId::from_uuid(*session.as_uuid()), |row| {
                    row.session.user
                })
            }
            _ => return self.inner.end_sessions(tenant, which).await,
        };
        let outcome = self.inner.end_sessions(tenant, which).await?;
        self.tell(outcome.value > 0, tenant, user, &self.effects)
            .await;
        Ok(outcome)
    }

    async fn sessions(&self, tenant: TenantId, user: UserId) -> Result<Vec<Session>, StoreError> {
        self.inner.sessions(tenant, user).await
    }
}

#[async_trait]
impl TenantStore for Telling {
    async fn create_tenant(&self, tenant: TenantId) -> Result<(), StoreError> {
        self.inner.create_tenant(tenant).await
    }

    async fn tenant(&self, tenant: TenantId) -> Result<Option<Tenant>, StoreError> {
        TenantStore::tenant(&self.inner, tenant).await
    }

    async fn set_tenant_status(
        &self,
        tenant: TenantId,
        status: TenantStatus,
    ) -> Result<Committed<Option<Tenant>>, StoreError> {
        let outcome = self.inner.set_tenant_status(tenant, status).await?;
        let done = outcome.value.is_some();
        self.tell(done, tenant, tenant, &self.effects).await;
        Ok(outcome)
    }
}

#[async_trait]
impl SettingsStore for Telling {
    async fn settings(&self, token_lifetime: Duration) -> Result<Settings, StoreError> {
        self.inner.settings(token_lifetime).await
    }
}

#[async_trait]
impl RevocationLog for Telling {
    async fn read_log(&self, after: &Cursor) -> Result<LogPage, LogError> {
        self.inner.read_log(after).await
    }
}
