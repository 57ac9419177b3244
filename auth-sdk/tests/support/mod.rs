//! What the tests of the use-cases share.
#![allow(
    clippy::unwrap_used,
    dead_code,
    unreachable_pub,
    missing_debug_implementations,
    reason = "helpers, not all used by each test"
)]

pub mod stores;
pub mod unsure;

use std::sync::Arc;
use std::time::Duration;

use auth_core::event::Event;
use auth_core::password::{HashPool, Password, danger};
use auth_core::{Audience, ClientId, Clock, Issuer, ManualClock, RootSecret, Timestamp};
use auth_sdk::{Auth, AuthBuilder, Context, LogIn, LoggedIn, MemoryStore, SignUp, Store, User};
use auth_store::{Claim, RelayId};

pub const NOW: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);
pub const PASSWORD: &str = "correct horse battery staple";
pub const OTHER_PASSWORD: &str = "a longer horse, a better battery";

/// An application on a memory store, with a clock that is moved by hand.
pub struct Rig {
    pub auth: Auth,
    pub store: Arc<dyn Store>,
    pub clock: Arc<ManualClock>,
    pub cx: Context,
}

pub async fn rig() -> Rig {
    rig_with(|store| store, |builder| builder).await
}

/// A rig whose store can be made to fail.
pub async fn unsure_rig(
    configure: impl FnOnce(AuthBuilder) -> AuthBuilder,
) -> (Rig, Arc<unsure::Unsure>) {
    let mut unsure = None;
    let wrap = |store| -> Arc<dyn Store> { unsure.insert(unsure::Unsure::new(store)).clone() };
    let rig = rig_with(wrap, configure).await;
    (rig, unsure.unwrap())
}

pub async fn rig_with(
    wrap: impl FnOnce(Arc<dyn Store>) -> Arc<dyn Store>,
    configure: impl FnOnce(AuthBuilder) -> AuthBuilder,
) -> Rig {
    let clock = Arc::new(ManualClock::at(NOW));
    let store = wrap(Arc::new(MemoryStore::with_clock(clock.clone())));
    let auth = configure(builder(&store, &clock, root(1)))
        .build()
        .await
        .unwrap();
    Rig {
        auth,
        store,
        clock,
        cx: Context::new(),
    }
}

pub fn builder(
    store: &Arc<dyn Store>,
    clock: &Arc<ManualClock>,
    root: impl Into<auth_core::RootSecrets>,
) -> AuthBuilder {
    Auth::builder(
        Issuer::new("https://auth.example").unwrap(),
        Audience::new("https://api.example").unwrap(),
        root,
        store.clone(),
    )
    .with_hash_pool(quick_pool())
    .with_clock(clock.clone() as Arc<dyn Clock>)
}

/// Argon2id with as little work as there is.
pub fn quick_pool() -> HashPool {
    let params = danger::argon2_params(8, 1, 1).unwrap();
    HashPool::builder()
        .with_params(params)
        .with_threads(1)
        .build()
        .unwrap()
}

pub fn root(n: u8) -> RootSecret {
    let mut bytes = *b"0123456789abcdef0123456789abcdef";
    bytes[0] = n;
    RootSecret::from_bytes(&bytes).unwrap()
}

pub fn password(text: &str) -> Password {
    Password::new(text.to_owned()).unwrap()
}

impl Rig {
    pub async fn sign_up(&self, identifier: &str) -> User {
        self.auth
            .sign_up(&self.cx, SignUp::new(identifier, password(PASSWORD)))
            .await
            .unwrap()
    }

    pub async fn log_in(&self, identifier: &str) -> LoggedIn {
        self.auth
            .log_in(&self.cx, LogIn::new(identifier, password(PASSWORD)))
            .await
            .unwrap()
    }

    pub async fn ada(&self) -> LoggedIn {
        self.sign_up("ada@example.org").await;
        self.log_in("ada@example.org").await
    }

    /// All events that wait.
    pub async fn told(&self) -> Vec<Event> {
        let claim = Claim {
            subjects: 100,
            of_each: 100,
            lease: Duration::from_secs(60),
        };
        let outbox = self.store.outbox_store().unwrap();
        let claimed = outbox.claim_events(RelayId(uuid::Uuid::nil()), claim).await;
        claimed.unwrap().into_iter().map(|it| it.event).collect()
    }

    pub fn accepts(&self, logged_in: &LoggedIn) -> bool {
        accepts(&self.auth, &logged_in.tokens)
    }

    pub fn pass(&self, time: Duration) {
        self.clock.advance(time);
    }
}

pub fn accepts(auth: &Auth, tokens: &auth_sdk::TokenPair) -> bool {
    auth.verifier()
        .verify_now(tokens.access_token.expose())
        .is_ok()
}

pub fn client(name: &str) -> ClientId {
    ClientId::new(name).unwrap()
}
