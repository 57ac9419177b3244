//! What the cases have in common: users, sessions, and the tokens a client
//! would hold.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use auth_core::revocation::{Cursor, LogPage, Target};
use auth_core::{
    PolicyVersion, RootKeyId, RootSecret, RootSecrets, SessionId, SystemRandom, TenantId,
    Timestamp, UserId,
};
use auth_store::{
    CreateOutcome, EndSessions, HashRenewal, Identifier, NewUser, PasswordChange, Rotation,
    Session, Store, User, UserRecord,
};

use super::Subject;

/// Takes a value apart, or says which contract is broken.
macro_rules! holds {
    ($value:expr, $pattern:pat, $contract:expr) => {
        holds!($value, $pattern => (), $contract)
    };
    ($value:expr, $pattern:pat => $result:expr, $contract:expr) => {
        match $value {
            $pattern => $result,
            other => panic!("{}; but the store answered {other:?}", $contract),
        }
    };
}
pub(super) use holds;

pub(super) const MINUTE: Duration = Duration::from_secs(60);
pub(super) const HOUR: Duration = Duration::from_secs(3600);
/// The grace the cases use unless they say otherwise: the longest, since the
/// clock of a server under test moves on by itself.
pub(super) const GRACE: Duration = Rotation::MAX_GRACE;
pub(super) const IDLE: Duration = Duration::from_secs(10 * 3600);
pub(super) const ABSOLUTE: Duration = Duration::from_secs(30 * 3600);
/// The hash of every new user's password.
pub(super) const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$first";

/// The store under test, and the secrets of those who use it.
#[derive(Clone, Debug)]
pub(super) struct World {
    pub(super) store: Arc<dyn Store>,
    pub(super) second: Arc<dyn Store>,
    /// Two instances that know the same secrets; the active one differs.
    pub(super) roots: Arc<[RootSecrets; 2]>,
    serial: Arc<AtomicI64>,
}

/// Everything that is stored about a user.
#[derive(Debug, PartialEq)]
pub(super) struct Snapshot {
    record: Option<UserRecord>,
    sessions: Vec<Session>,
    log: HashSet<(Target, Timestamp)>,
}

impl World {
    pub(super) async fn new(subject: &dyn Subject) -> Self {
        let draw = || RootSecret::generate(&SystemRandom::new()).unwrap();
        let (a, b) = (draw(), draw());
        let knows = |active: &RootSecret, other: &RootSecret| {
            RootSecrets::new(active.clone())
                .with_other(other.clone())
                .unwrap()
        };
        Self {
            store: subject.store(),
            second: subject.second().await,
            roots: Arc::new([knows(&a, &b), knows(&b, &a)]),
            serial: Arc::new(AtomicI64::new(1_700_000_000)),
        }
    }

    /// One of the two handles, by turns.
    pub(super) fn handle(&self, turn: usize) -> Arc<dyn Store> {
        if turn.is_multiple_of(2) {
            self.store.clone()
        } else {
            self.second.clone()
        }
    }

    /// The root secret that is active on one of two instances, by turns.
    pub(super) fn root(&self, turn: usize) -> RootKeyId {
        self.roots[turn % 2].active().id()
    }

    /// A time for the next identifier: later than all before.
    fn tick(&self) -> Timestamp {
        Timestamp::from_unix_seconds(self.serial.fetch_add(1, Ordering::Relaxed))
    }

    pub(super) fn user_id(&self) -> UserId {
        UserId::draw(self.tick(), &SystemRandom::new()).unwrap()
    }

    pub(super) fn session_id(&self) -> SessionId {
        SessionId::draw(self.tick(), &SystemRandom::new()).unwrap()
    }

    pub(super) fn tenant_id(&self) -> TenantId {
        TenantId::draw(self.tick(), &SystemRandom::new()).unwrap()
    }

    /// Another tenant.
    pub(super) async fn tenant(&self) -> TenantId {
        let tenant = self.tenant_id();
        self.store.create_tenant(tenant).await.unwrap();
        tenant
    }

    pub(super) fn new_user(&self, tenant: TenantId, identifier: &str) -> NewUser {
        NewUser {
            id: self.user_id(),
            tenant,
            identifier: Identifier::new(identifier).unwrap(),
            password_hash: Some(HASH.to_owned()),
            password_policy: Some(PolicyVersion::CURRENT),
            roles: vec!["reader".to_owned()],
        }
    }

    pub(super) async fn create(&self, new: NewUser) -> User {
        let outcome = self.store.create_user(new).await.unwrap();
        holds!(outcome, CreateOutcome::Created(user) => user, "an identifier that nobody has makes a user")
    }

    /// A user of the default tenant.
    pub(super) async fn user(&self) -> User {
        self.user_of(TenantId::DEFAULT).await
    }

    pub(super) async fn user_of(&self, tenant: TenantId) -> User {
        let name = format!("{}@x.org", self.user_id());
        self.create(self.new_user(tenant, &name)).await
    }

    pub(super) async fn record(&self, user: &User) -> UserRecord {
        let found = self.second.user(user.tenant, user.id).await.unwrap();
        found.expect("a user who was created is found by id")
    }

    pub(super) async fn end(&self, tenant: TenantId, which: EndSessions) -> u64 {
        self.store.end_sessions(tenant, which).await.unwrap().value
    }

    pub(super) fn password_change(user: &User, seen: &str, new: &str) -> PasswordChange {
        PasswordChange {
            tenant: user.tenant,
            user: user.id,
            seen_hash: Some(seen.to_owned()),
            seen_epoch: None,
            new_hash: new.to_owned(),
            new_policy: Some(PolicyVersion::CURRENT),
        }
    }

    pub(super) fn renewal(user: &User, seen: &str, new: &str) -> HashRenewal {
        HashRenewal {
            tenant: user.tenant,
            user: user.id,
            seen_hash: Some(seen.to_owned()),
            new_hash: new.to_owned(),
        }
    }

    pub(super) async fn page(&self, after: &Cursor) -> LogPage {
        self.second.read_log(after).await.unwrap()
    }

    /// The whole log.
    pub(super) async fn log(&self) -> HashSet<(Target, Timestamp)> {
        let page = self.page(&Cursor::start()).await;
        page.rows
            .iter()
            .map(|row| (row.target, row.expires_at))
            .collect()
    }

    pub(super) async fn snapshot(&self, user: &User) -> Snapshot {
        Snapshot {
            record: self.second.user(user.tenant, user.id).await.unwrap(),
            sessions: self.second.sessions(user.tenant, user.id).await.unwrap(),
            log: self.log().await,
        }
    }
}
