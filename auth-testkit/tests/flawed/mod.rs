//! A store like any other, with one flaw.
//!
//! Users, tenants, the log and the keys are a [`MemoryStore`]'s. Sessions are
//! kept here, so that the state table can be got wrong.
#![allow(
    clippy::expect_used,
    clippy::match_same_arms,
    reason = "a flaw may panic, and two may have the same effect"
)]

mod api_keys;
mod attempts;
mod counted;
mod flaw;
mod keys;
mod log;
mod look_ups;
mod outbox;
mod platforms;
mod requests;
mod rotation;
mod sessions;
mod table;
mod telling;
mod telling_accounts;
mod tenants;
mod users;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use auth_core::revocation::Revocation;
use auth_core::{
    AccountKey, ApiKeyId, Clock, ManualClock, SessionId, SystemRandom, TenantId, Timestamp, UserId,
};
use auth_store::{
    ApiKeyStore, AttemptStore, LookUpStore, MemoryStore, PlatformStore, Session, SigningKeyStore,
    Store, StoreError, StoreErrorKind,
};
use auth_testkit::conformance::Subject;
pub(crate) use flaw::Flaw;
pub(crate) use table::FOUND_BY;
use tokio::sync::{Mutex, Semaphore};

const BEGINNING: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The store, and one of its handles.
#[derive(Clone, Debug)]
pub(crate) struct Flawed {
    flaw: Flaw,
    inner: MemoryStore,
    clock: Arc<ManualClock>,
    rows: Arc<Mutex<Rows>>,
    connections: Arc<Semaphore>,
    identity: TenantId,
    outbox: Arc<std::sync::Mutex<outbox::Outbox>>,
    miscounted: Arc<counted::Miscounted>,
}

#[derive(Debug, Default)]
struct Rows {
    sessions: HashMap<SessionId, Row>,
    tenants: HashSet<TenantId>,
    reserved: HashSet<String>,
    /// Whose hash was renewed.
    renewed: HashSet<UserId>,
    log: Vec<Revocation>,
    attempts: HashMap<AccountKey, u32>,
    lifetime: Duration,
    /// API keys that are revoked and not logged yet, or have lost their former
    /// secret for a moment.
    half_done: HashSet<ApiKeyId>,
    /// API keys that were ever listed.
    ended_keys: Vec<auth_store::ApiKeyInfo>,
    /// Which page of API keys was read last.
    pages: usize,
}

#[derive(Clone, Debug)]
struct Row {
    session: Session,
    epoch: i64,
    revoked: bool,
    user: auth_store::User,
}

impl Flawed {
    pub(crate) fn new(flaw: Flaw) -> Self {
        let clock = Arc::new(ManualClock::at(BEGINNING));
        Self {
            flaw,
            inner: MemoryStore::with_clock(clock.clone()),
            clock,
            rows: Arc::default(),
            connections: Arc::new(Semaphore::new(128)),
            identity: TenantId::DEFAULT,
            outbox: Arc::default(),
            miscounted: Arc::default(),
        }
    }

    fn has(&self, flaw: Flaw) -> bool {
        self.flaw == flaw
    }

    fn now(&self) -> Timestamp {
        self.clock.now().wall
    }

    /// How long it has been there.
    fn age(&self) -> Duration {
        self.now().since(BEGINNING)
    }

    /// Where the tenant is ignored, all are the default one.
    fn tenant(&self, tenant: TenantId) -> TenantId {
        if self.has(Flaw::TenantIsIgnored) {
            TenantId::DEFAULT
        } else {
            tenant
        }
    }

    /// A moment in which somebody else may come in between, or the caller may
    /// go.
    async fn meanwhile(&self) {
        tokio::time::sleep(Duration::from_micros(500)).await;
    }

    /// Takes a connection, which a dropped future does not give back.
    async fn connect(&self) -> Result<(), StoreError> {
        if self.has(Flaw::ConnectionsLeak) {
            let connection = self.connections.try_acquire();
            connection
                .map_err(|_| StoreError::from(StoreErrorKind::Timeout))?
                .forget();
            tokio::task::yield_now().await;
            self.connections.add_permits(1);
        }
        Ok(())
    }

    /// What is forgotten of the rows that a change returns.
    fn returned(&self, mut rows: Vec<Revocation>) -> Vec<Revocation> {
        match self.flaw {
            Flaw::RevocationsAreNotReturned => rows.clear(),
            Flaw::MemoryIsShort => rows.iter_mut().for_each(shorten),
            _ => {}
        }
        rows
    }

    /// What a careless column does to a text.
    fn text(&self, text: String) -> String {
        match self.flaw {
            Flaw::TextIsCut => text.chars().take(1000).collect(),
            Flaw::NulEndsText => text.split('\0').next().unwrap_or_default().to_owned(),
            _ => text,
        }
    }

    fn texts(&self, texts: Vec<String>) -> Vec<String> {
        if self.has(Flaw::ListsAreJoined) {
            return texts.join(",").split(',').map(str::to_owned).collect();
        }
        texts.into_iter().map(|text| self.text(text)).collect()
    }
}

#[async_trait]
impl Subject for Flawed {
    fn store(&self) -> Arc<dyn Store> {
        Arc::new(self.clone())
    }

    async fn second(&self) -> Arc<dyn Store> {
        let identity = TenantId::draw(self.now(), &SystemRandom::new());
        Arc::new(Self {
            identity: identity.expect("the system has randomness"),
            ..self.clone()
        })
    }

    async fn pass(&self, time: Duration) {
        self.clock.advance(time);
    }
}

impl Store for Flawed {
    fn changes(&self) -> Option<u64> {
        self.counted()
    }

    fn signing_key_store(&self) -> Option<&dyn SigningKeyStore> {
        Some(self)
    }

    fn attempt_store(&self) -> Option<&dyn AttemptStore> {
        Some(self)
    }

    fn outbox_store(&self) -> Option<&dyn auth_store::OutboxStore> {
        Some(self)
    }

    fn consumer_store(&self) -> Option<&dyn auth_store::ConsumerStore> {
        Some(self)
    }

    fn idempotency_store(&self) -> Option<&dyn auth_core::idempotency::IdempotencyStore> {
        Some(self)
    }

    fn look_up_store(&self) -> Option<&dyn LookUpStore> {
        Some(self)
    }

    fn platform_store(&self) -> Option<&dyn PlatformStore> {
        Some(self)
    }

    fn api_key_store(&self) -> Option<&dyn ApiKeyStore> {
        Some(self)
    }
}

/// A little shorter than the longest token could live.
fn shorten(row: &mut Revocation) {
    row.expires_at = row.expires_at - Duration::from_secs(1);
}
