//! A store whose commits are not always confirmed.

mod api_keys;
mod platforms;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use auth_core::revocation::{Cursor, LogError, LogPage, RevocationLog};
use auth_core::{AccountKey, Sealed, TenantId, UserId};
use auth_store::*;
use tokio::sync::{Semaphore, SemaphorePermit};

/// Passes everything on; when [`cut`](Self::cut) is set, the next change is
/// committed and its answer lost.
#[derive(Debug)]
pub struct Unsure {
    inner: Arc<dyn Store>,
    cut: AtomicBool,
    /// Whether the store is gone altogether.
    down: AtomicBool,
    /// Whether it is gone after the next lost answer.
    then_down: AtomicBool,
    /// Whether the next change is lost on its way, uncommitted.
    lost: AtomicBool,
    /// Whether its log cannot be read.
    log_down: AtomicBool,
    /// Whether the next end of sessions fails, with nothing changed.
    end_fails: AtomicBool,
    /// Whether its clock is an hour ahead at the next rotation.
    spike: AtomicBool,
    /// Whether signing keys cannot be read, and how often they were asked for.
    keys_down: AtomicBool,
    keys_asked: AtomicUsize,
    /// Whether answers take a while after the commit.
    slow: AtomicBool,
    /// Renewals of hashes: how many came, whether they fail, who lets them by.
    renewals: AtomicUsize,
    renewals_fail: AtomicBool,
    gate: Semaphore,
    /// A renewal that comes just before the next password change.
    renewal_before_change: Mutex<Option<HashRenewal>>,
    /// Whether it keeps no API keys.
    keyless: AtomicBool,
    /// Notes of uses of API keys that came.
    notes: AtomicUsize,
    /// API keys that were looked up, and whether changes are counted.
    finds: AtomicUsize,
    numbered: AtomicBool,
    /// Whether it counts no attempts, and whether it cannot settle them.
    uncounting: AtomicBool,
    unsettling: AtomicBool,
    /// What use-cases of passwords ask for, in order.
    statements: Mutex<Vec<&'static str>>,
}

/// More renewals than any test has at once.
const GATE: usize = 1000;

impl Unsure {
    pub fn new(inner: Arc<dyn Store>) -> Arc<Self> {
        Arc::new(Self {
            inner,
            cut: AtomicBool::new(false),
            down: AtomicBool::new(false),
            then_down: AtomicBool::new(false),
            lost: AtomicBool::new(false),
            log_down: AtomicBool::new(false),
            end_fails: AtomicBool::new(false),
            spike: AtomicBool::new(false),
            keys_down: AtomicBool::new(false),
            keys_asked: AtomicUsize::new(0),
            slow: AtomicBool::new(false),
            renewals: AtomicUsize::new(0),
            renewals_fail: AtomicBool::new(false),
            gate: Semaphore::new(GATE),
            renewal_before_change: Mutex::new(None),
            keyless: AtomicBool::new(false),
            notes: AtomicUsize::new(0),
            finds: AtomicUsize::new(0),
            numbered: AtomicBool::new(false),
            uncounting: AtomicBool::new(false),
            unsettling: AtomicBool::new(false),
            statements: Mutex::default(),
        })
    }

    pub fn cut_next(&self) {
        self.cut.store(true, Ordering::SeqCst);
    }

    /// The next change is committed, its answer lost, and the store then down.
    pub fn crash_after_next(&self) {
        self.then_down.store(true, Ordering::SeqCst);
        self.cut_next();
    }

    /// The next change is lost on its way; nobody can tell.
    pub fn lose_next(&self) {
        self.lost.store(true, Ordering::SeqCst);
    }

    pub fn set_log_down(&self, down: bool) {
        self.log_down.store(down, Ordering::SeqCst);
    }

    /// The next call that ends sessions fails.
    pub fn fail_next_end(&self) {
        self.end_fails.store(true, Ordering::SeqCst);
    }

    /// The store's clock is an hour ahead at the next rotation.
    pub fn spike_next(&self) {
        self.spike.store(true, Ordering::SeqCst);
    }

    pub fn set_keys_down(&self, down: bool) {
        self.keys_down.store(down, Ordering::SeqCst);
    }

    pub fn keys_asked(&self) -> usize {
        self.keys_asked.load(Ordering::SeqCst)
    }

    pub fn set_slow(&self, slow: bool) {
        self.slow.store(slow, Ordering::SeqCst);
    }

    pub fn set_down(&self, down: bool) {
        self.down.store(down, Ordering::SeqCst);
    }

    /// How many hashes were to be renewed.
    pub fn renewals(&self) -> usize {
        self.renewals.load(Ordering::SeqCst)
    }

    pub fn set_renewals_fail(&self, fail: bool) {
        self.renewals_fail.store(fail, Ordering::SeqCst);
    }

    /// Renewals, and notes of uses of API keys, wait until this is dropped.
    pub async fn hold_renewals(&self) -> SemaphorePermit<'_> {
        self.gate.acquire_many(1000).await.unwrap()
    }

    /// This renewal comes just before the next password change.
    pub fn renew_before_change(&self, renewal: HashRenewal) {
        *self.renewal_before_change.lock().unwrap() = Some(renewal);
    }

    pub fn set_uncounting(&self) {
        self.uncounting.store(true, Ordering::SeqCst);
    }

    pub fn set_unsettling(&self, unsettling: bool) {
        self.unsettling.store(unsettling, Ordering::SeqCst);
    }

    /// What they have asked for since the last call.
    pub fn take_statements(&self) -> Vec<&'static str> {
        std::mem::take(&mut *self.statements.lock().unwrap())
    }

    /// The same, without taking it.
    pub fn statements(&self) -> Vec<&'static str> {
        self.statements.lock().unwrap().clone()
    }

    fn up(&self) -> Result<&dyn Store, StoreError> {
        if self.down.load(Ordering::SeqCst) {
            return Err(StoreErrorKind::Unavailable.into());
        }
        Ok(&*self.inner)
    }

    /// The store for a change.
    fn change(&self) -> Result<&dyn Store, StoreError> {
        if self.lost.swap(false, Ordering::SeqCst) {
            return Err(StoreErrorKind::OutcomeUnknown.into());
        }
        self.up()
    }

    async fn confirm<T>(&self, done: Result<T, StoreError>) -> Result<T, StoreError> {
        if self.slow.load(Ordering::SeqCst) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        if self.cut.swap(false, Ordering::SeqCst) {
            if self.then_down.swap(false, Ordering::SeqCst) {
                self.set_down(true);
            }
            return Err(StoreErrorKind::OutcomeUnknown.into());
        }
        done
    }
}

impl Store for Unsure {
    fn changes(&self) -> Option<u64> {
        let numbered = self.numbered.load(Ordering::SeqCst);
        numbered.then(|| self.inner.changes()).flatten()
    }

    fn signing_key_store(&self) -> Option<&dyn SigningKeyStore> {
        Some(self)
    }

    fn attempt_store(&self) -> Option<&dyn AttemptStore> {
        (!self.uncounting.load(Ordering::SeqCst)).then_some(self)
    }

    fn platform_store(&self) -> Option<&dyn PlatformStore> {
        Some(self)
    }

    fn api_key_store(&self) -> Option<&dyn ApiKeyStore> {
        (!self.keyless.load(Ordering::SeqCst)).then_some(self)
    }
}

#[async_trait]
impl AttemptStore for Unsure {
    async fn reserve_attempt(
        &self,
        attempt: &Attempt,
    ) -> Result<(Reservation, Option<UserRecord>), StoreError> {
        self.statements.lock().unwrap().push("reserve");
        let attempts = self.up()?.attempt_store().unwrap();
        attempts.reserve_attempt(attempt).await
    }

    async fn settle_attempt(
        &self,
        attempt: &Attempt,
        charge: Charge,
        settlement: Settlement,
    ) -> Result<(), StoreError> {
        self.statements.lock().unwrap().push("settle");
        if self.unsettling.load(Ordering::SeqCst) {
            return Err(StoreErrorKind::Timeout.into());
        }
        let attempts = self.up()?.attempt_store().unwrap();
        attempts.settle_attempt(attempt, charge, settlement).await
    }

    async fn forget_attempts(
        &self,
        tenant: TenantId,
        account: &AccountKey,
    ) -> Result<(), StoreError> {
        self.statements.lock().unwrap().push("forget");
        let attempts = self.up()?.attempt_store().unwrap();
        attempts.forget_attempts(tenant, account).await
    }
}

#[async_trait]
impl SigningKeyStore for Unsure {
    async fn signing_keys(&self) -> Result<SigningKeys, StoreError> {
        if self.keys_down.load(Ordering::SeqCst) {
            self.keys_asked.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(20)).await;
            return Err(StoreErrorKind::Timeout.into());
        }
        self.up()?.signing_key_store().unwrap().signing_keys().await
    }

    async fn add_signing_key(
        &self,
        key: &NewSigningKey,
        after: Option<&str>,
        signs_in: Duration,
    ) -> Result<AddKeyOutcome, StoreError> {
        let keys = self.change()?.signing_key_store().unwrap();
        self.confirm(keys.add_signing_key(key, after, signs_in).await)
            .await
    }

    async fn reseal_signing_key(
        &self,
        kid: &str,
        from: &Sealed,
        to: &Sealed,
    ) -> Result<bool, StoreError> {
        let keys = self.change()?.signing_key_store().unwrap();
        self.confirm(keys.reseal_signing_key(kid, from, to).await)
            .await
    }

    async fn revoke_signing_key(
        &self,
        kid: &str,
        replacement: Option<&NewSigningKey>,
    ) -> Result<Committed<RevokeKeyOutcome>, StoreError> {
        let keys = self.change()?.signing_key_store().unwrap();
        self.confirm(keys.revoke_signing_key(kid, replacement).await)
            .await
    }

    async fn forget_signing_keys(&self) -> Result<u64, StoreError> {
        self.up()?
            .signing_key_store()
            .unwrap()
            .forget_signing_keys()
            .await
    }
}

#[async_trait]
impl TenantStore for Unsure {
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
        self.confirm(self.change()?.set_tenant_status(tenant, status).await)
            .await
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
        if self.log_down.load(Ordering::SeqCst) {
            return Err(StoreError::from(StoreErrorKind::Unavailable).into());
        }
        self.up()?.read_log(after).await
    }
}

#[async_trait]
impl UserStore for Unsure {
    async fn create_user(&self, user: NewUser) -> Result<CreateOutcome, StoreError> {
        self.confirm(self.change()?.create_user(user).await).await
    }

    async fn find_user(
        &self,
        tenant: TenantId,
        identifier: &Identifier,
    ) -> Result<Option<UserRecord>, StoreError> {
        self.statements.lock().unwrap().push("find");
        self.up()?.find_user(tenant, identifier).await
    }

    async fn user(&self, tenant: TenantId, id: UserId) -> Result<Option<UserRecord>, StoreError> {
        self.statements.lock().unwrap().push("user");
        self.up()?.user(tenant, id).await
    }

    async fn change_password(
        &self,
        change: PasswordChange,
    ) -> Result<Committed<ChangeOutcome>, StoreError> {
        self.statements.lock().unwrap().push("change");
        let before = self.renewal_before_change.lock().unwrap().take();
        if let Some(renewal) = before {
            assert!(self.inner.renew_password_hash(renewal).await?);
        }
        self.confirm(self.change()?.change_password(change).await)
            .await
    }

    async fn renew_password_hash(&self, renewal: HashRenewal) -> Result<bool, StoreError> {
        self.renewals.fetch_add(1, Ordering::SeqCst);
        if self.renewals_fail.load(Ordering::SeqCst) {
            return Err(StoreErrorKind::Timeout.into());
        }
        let _by = self.gate.acquire().await.unwrap();
        self.inner.renew_password_hash(renewal).await
    }

    async fn set_user_status(
        &self,
        tenant: TenantId,
        id: UserId,
        status: UserStatus,
    ) -> Result<Committed<ChangeOutcome>, StoreError> {
        self.confirm(self.change()?.set_user_status(tenant, id, status).await)
            .await
    }

    async fn set_user_roles(
        &self,
        tenant: TenantId,
        id: UserId,
        roles: Vec<String>,
    ) -> Result<Committed<ChangeOutcome>, StoreError> {
        self.confirm(self.change()?.set_user_roles(tenant, id, roles).await)
            .await
    }
}

#[async_trait]
impl SessionStore for Unsure {
    async fn open_session(&self, session: NewSession) -> Result<OpenOutcome, StoreError> {
        self.statements.lock().unwrap().push("open");
        self.confirm(self.change()?.open_session(session).await)
            .await
    }

    async fn rotate_session(&self, rotation: &Rotation) -> Result<RotateOutcome, StoreError> {
        let mut outcome = self
            .confirm(self.change()?.rotate_session(rotation).await)
            .await?;
        if let RotateOutcome::Rotated(grant) = &mut outcome
            && self.spike.swap(false, Ordering::SeqCst)
        {
            grant.now = grant.now + Duration::from_secs(3600);
        }
        Ok(outcome)
    }

    async fn end_sessions(
        &self,
        tenant: TenantId,
        which: EndSessions,
    ) -> Result<Committed<u64>, StoreError> {
        if self.end_fails.swap(false, Ordering::SeqCst) {
            return Err(StoreErrorKind::Timeout.into());
        }
        self.confirm(self.change()?.end_sessions(tenant, which).await)
            .await
    }

    async fn sessions(&self, tenant: TenantId, user: UserId) -> Result<Vec<Session>, StoreError> {
        self.up()?.sessions(tenant, user).await
    }
}
