//! A store whose commits are not always confirmed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use auth_core::revocation::{Cursor, LogError, LogPage, RevocationLog};
use auth_core::{TenantId, UserId};
use auth_store::*;

/// Passes everything on; when [`cut`](Self::cut) is set, the next change is
/// committed and its answer lost.
#[derive(Debug)]
pub struct Unsure {
    inner: Arc<dyn Store>,
    cut: AtomicBool,
    /// Whether the store is gone altogether.
    down: AtomicBool,
    /// Whether answers take a while after the commit.
    slow: AtomicBool,
}

impl Unsure {
    pub fn new(inner: Arc<dyn Store>) -> Arc<Self> {
        Arc::new(Self {
            inner,
            cut: AtomicBool::new(false),
            down: AtomicBool::new(false),
            slow: AtomicBool::new(false),
        })
    }

    pub fn cut_next(&self) {
        self.cut.store(true, Ordering::SeqCst);
    }

    pub fn set_slow(&self, slow: bool) {
        self.slow.store(slow, Ordering::SeqCst);
    }

    pub fn set_down(&self, down: bool) {
        self.down.store(down, Ordering::SeqCst);
    }

    fn up(&self) -> Result<&dyn Store, StoreError> {
        if self.down.load(Ordering::SeqCst) {
            return Err(StoreErrorKind::Unavailable.into());
        }
        Ok(&*self.inner)
    }

    async fn confirm<T>(&self, done: Result<T, StoreError>) -> Result<T, StoreError> {
        if self.slow.load(Ordering::SeqCst) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        if self.cut.swap(false, Ordering::SeqCst) {
            return Err(StoreErrorKind::OutcomeUnknown.into());
        }
        done
    }
}

impl Store for Unsure {
    fn signing_key_store(&self) -> Option<&dyn SigningKeyStore> {
        self.inner.signing_key_store()
    }
}

#[async_trait]
impl TenantStore for Unsure {
    async fn create_tenant(&self, tenant: TenantId) -> Result<(), StoreError> {
        self.up()?.create_tenant(tenant).await
    }
}

#[async_trait]
impl SettingsStore for Unsure {
    async fn settings(&self, token_lifetime: Duration) -> Result<Settings, StoreError> {
        self.up()?.settings(token_lifetime).await
    }
}

#[async_trait]
impl RevocationLog for Unsure {
    async fn read_log(&self, after: &Cursor) -> Result<LogPage, LogError> {
        self.up()?.read_log(after).await
    }
}

#[async_trait]
impl UserStore for Unsure {
    async fn create_user(&self, user: NewUser) -> Result<CreateOutcome, StoreError> {
        self.confirm(self.up()?.create_user(user).await).await
    }

    async fn find_user(
        &self,
        tenant: TenantId,
        identifier: &Identifier,
    ) -> Result<Option<UserRecord>, StoreError> {
        self.up()?.find_user(tenant, identifier).await
    }

    async fn user(&self, tenant: TenantId, id: UserId) -> Result<Option<UserRecord>, StoreError> {
        self.up()?.user(tenant, id).await
    }

    async fn change_password(
        &self,
        change: PasswordChange,
    ) -> Result<Committed<ChangeOutcome>, StoreError> {
        self.confirm(self.up()?.change_password(change).await).await
    }

    async fn set_user_status(
        &self,
        tenant: TenantId,
        id: UserId,
        status: UserStatus,
    ) -> Result<Committed<ChangeOutcome>, StoreError> {
        self.confirm(self.up()?.set_user_status(tenant, id, status).await)
            .await
    }

    async fn set_user_roles(
        &self,
        tenant: TenantId,
        id: UserId,
        roles: Vec<String>,
    ) -> Result<Committed<ChangeOutcome>, StoreError> {
        self.confirm(self.up()?.set_user_roles(tenant, id, roles).await)
            .await
    }
}

#[async_trait]
impl SessionStore for Unsure {
    async fn open_session(&self, session: NewSession) -> Result<OpenOutcome, StoreError> {
        self.confirm(self.up()?.open_session(session).await).await
    }

    async fn rotate_session(&self, rotation: &Rotation) -> Result<RotateOutcome, StoreError> {
        self.confirm(self.up()?.rotate_session(rotation).await)
            .await
    }

    async fn end_sessions(
        &self,
        tenant: TenantId,
        which: EndSessions,
    ) -> Result<Committed<u64>, StoreError> {
        self.confirm(self.up()?.end_sessions(tenant, which).await)
            .await
    }

    async fn sessions(&self, tenant: TenantId, user: UserId) -> Result<Vec<Session>, StoreError> {
        self.up()?.sessions(tenant, user).await
    }
}
