//! A store that fails when it is told to.

mod api_keys;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use auth_core::revocation::{Cursor, LogError, LogPage, RevocationLog};
use auth_core::{AccountKey, TenantId, UserId};
use auth_store::{
    ApiKeyStore, Attempt, AttemptStore, ChangeOutcome, Charge, Committed, CreateOutcome,
    EndSessions, HashRenewal, Identifier, MemoryStore, NewSession, NewUser, OpenOutcome,
    PasswordChange, Reservation, RotateOutcome, Rotation, Session, SessionStore, Settings,
    SettingsStore, Settlement, SigningKeyStore, Store, StoreError, StoreErrorKind, Tenant,
    TenantStatus, TenantStore, UserRecord, UserStatus, UserStore,
};

#[derive(Clone, Debug, Default)]
pub(crate) struct Faulty {
    inner: MemoryStore,
    faults: Arc<Faults>,
}

#[derive(Debug, Default)]
struct Faults {
    down: AtomicBool,
    /// Users are not there.
    deserted: AtomicBool,
    /// How long a change takes to be answered once it is committed.
    lag: AtomicU64,
}

impl Faulty {
    pub(crate) fn set_down(&self, down: bool) {
        self.faults.down.store(down, Ordering::SeqCst);
    }

    pub(crate) fn set_deserted(&self, deserted: bool) {
        self.faults.deserted.store(deserted, Ordering::SeqCst);
    }

    fn deserted(&self) -> bool {
        self.faults.deserted.load(Ordering::SeqCst)
    }

    pub(crate) fn set_lag(&self, lag: Duration) {
        self.faults
            .lag
            .store(lag.as_millis().try_into().unwrap(), Ordering::SeqCst);
    }

    fn up(&self) -> Result<&MemoryStore, StoreError> {
        if self.faults.down.load(Ordering::SeqCst) {
            return Err(StoreError::new(
                StoreErrorKind::Unavailable,
                "connection refused",
            ));
        }
        Ok(&self.inner)
    }

    async fn lag<T>(&self, answer: T) -> T {
        let lag = self.faults.lag.load(Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(lag)).await;
        answer
    }
}

#[async_trait]
impl TenantStore for Faulty {
    async fn create_tenant(&self, tenant: TenantId) -> Result<(), StoreError> {
        self.up()?.create_tenant(tenant).await
    }

    async fn tenant(&self, tenant: TenantId) -> Result<Option<Tenant>, StoreError> {
        self.up()?.tenant(tenant).await
    }

    async fn set_tenant_status(
        &self,
        tenant: TenantId,
        status: TenantStatus,
    ) -> Result<Committed<Option<Tenant>>, StoreError> {
        self.up()?.set_tenant_status(tenant, status).await
    }
}

#[async_trait]
impl UserStore for Faulty {
    async fn create_user(&self, user: NewUser) -> Result<CreateOutcome, StoreError> {
        self.up()?.create_user(user).await
    }

    async fn find_user(
        &self,
        tenant: TenantId,
        identifier: &Identifier,
    ) -> Result<Option<UserRecord>, StoreError> {
        let found = self.up()?.find_user(tenant, identifier).await;
        self.lag(found).await
    }

    async fn user(&self, tenant: TenantId, id: UserId) -> Result<Option<UserRecord>, StoreError> {
        if self.deserted() {
            return Ok(None);
        }
        self.up()?.user(tenant, id).await
    }

    async fn change_password(
        &self,
        change: PasswordChange,
    ) -> Result<Committed<ChangeOutcome>, StoreError> {
        let changed = self.up()?.change_password(change).await;
        self.lag(changed).await
    }

    async fn renew_password_hash(&self, renewal: HashRenewal) -> Result<bool, StoreError> {
        self.up()?.renew_password_hash(renewal).await
    }

    async fn set_user_status(
        &self,
        tenant: TenantId,
        id: UserId,
        status: UserStatus,
    ) -> Result<Committed<ChangeOutcome>, StoreError> {
        self.up()?.set_user_status(tenant, id, status).await
    }

    async fn set_user_roles(
        &self,
        tenant: TenantId,
        id: UserId,
        roles: Vec<String>,
    ) -> Result<Committed<ChangeOutcome>, StoreError> {
        self.up()?.set_user_roles(tenant, id, roles).await
    }
}

#[async_trait]
impl SessionStore for Faulty {
    async fn open_session(&self, session: NewSession) -> Result<OpenOutcome, StoreError> {
        self.up()?.open_session(session).await
    }

    async fn rotate_session(&self, rotation: &Rotation) -> Result<RotateOutcome, StoreError> {
        let rotated = self.up()?.rotate_session(rotation).await;
        self.lag(rotated).await
    }

    async fn end_sessions(
        &self,
        tenant: TenantId,
        which: EndSessions,
    ) -> Result<Committed<u64>, StoreError> {
        if self.deserted() {
            return Ok(Committed::quiet(0));
        }
        let ended = self.up()?.end_sessions(tenant, which).await;
        self.lag(ended).await
    }

    async fn sessions(&self, tenant: TenantId, user: UserId) -> Result<Vec<Session>, StoreError> {
        self.up()?.sessions(tenant, user).await
    }
}

#[async_trait]
impl RevocationLog for Faulty {
    async fn read_log(&self, after: &Cursor) -> Result<LogPage, LogError> {
        self.up()?.read_log(after).await
    }
}

#[async_trait]
impl SettingsStore for Faulty {
    async fn settings(&self, token_lifetime: Duration) -> Result<Settings, StoreError> {
        self.up()?.settings(token_lifetime).await
    }
}

impl Store for Faulty {
    fn signing_key_store(&self) -> Option<&dyn SigningKeyStore> {
        self.inner.signing_key_store()
    }

    fn attempt_store(&self) -> Option<&dyn AttemptStore> {
        Some(self)
    }

    fn api_key_store(&self) -> Option<&dyn ApiKeyStore> {
        Some(self)
    }
}

#[async_trait]
impl AttemptStore for Faulty {
    async fn reserve_attempt(
        &self,
        attempt: &Attempt,
    ) -> Result<(Reservation, Option<UserRecord>), StoreError> {
        let reserved = self.up()?.reserve_attempt(attempt).await;
        self.lag(reserved).await
    }

    async fn settle_attempt(
        &self,
        attempt: &Attempt,
        charge: Charge,
        settlement: Settlement,
    ) -> Result<(), StoreError> {
        self.up()?.settle_attempt(attempt, charge, settlement).await
    }

    async fn forget_attempts(
        &self,
        tenant: TenantId,
        account: &AccountKey,
    ) -> Result<(), StoreError> {
        self.up()?.forget_attempts(tenant, account).await
    }
}
