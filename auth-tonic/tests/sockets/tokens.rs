//! An authority: tokens, log-out, keys that can be lost.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use auth_core::jwt::{NewToken, TokenIssuer};
use auth_core::key::{KeySet, KeySource, SigningKey, Unavailable};
use auth_core::revocation::{Revocation, RevocationView, Target};
use auth_core::verifier::{Verifier, VerifierBuilder};
use auth_core::{
    Audience, ClientId, Clock, Issuer, ManualClock, SessionId, SystemClock, SystemRandom, TenantId,
    Timestamp, UserId,
};
use serde_json::json;
use uuid::Uuid;

pub(crate) const TOKEN_LIFETIME: Duration = Duration::from_secs(300);

pub(crate) struct Authority {
    pub(crate) keys: Arc<Keys>,
    pub(crate) user: UserId,
    session: SessionId,
    signing: SigningKey,
    view: RevocationView,
    clock: Arc<dyn Clock>,
}

impl Authority {
    pub(crate) fn new() -> (Self, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::at(Timestamp::from_unix_seconds(1_800_000_000)));
        (Self::with_clock(clock.clone()), clock)
    }

    pub(crate) fn in_real_time() -> Self {
        Self::with_clock(Arc::new(SystemClock))
    }

    fn with_clock(clock: Arc<dyn Clock>) -> Self {
        let signing = SigningKey::generate(&SystemRandom::new()).unwrap();
        let set = KeySet::new([signing.verifying_key().clone()]).unwrap();
        Self {
            keys: Arc::new(Keys {
                known: Mutex::new(set),
                ..Keys::default()
            }),
            user: UserId::from_uuid(Uuid::from_u128(1)),
            session: SessionId::from_uuid(Uuid::from_u128(2)),
            signing,
            view: RevocationView::new(),
            clock,
        }
    }

    pub(crate) fn verifier(&self) -> Verifier {
        self.verifier_with(|builder| builder)
    }

    pub(crate) fn verifier_with(
        &self,
        change: impl FnOnce(VerifierBuilder) -> VerifierBuilder,
    ) -> Verifier {
        let builder = Verifier::builder(&issuer(), &audience(), self.keys.clone())
            .with_revocations(self.view.clone())
            .with_clock(self.clock.clone());
        change(builder).build().unwrap()
    }

    pub(crate) fn token(&self, scope: &str) -> String {
        self.token_for(scope, TOKEN_LIFETIME)
    }

    pub(crate) fn token_for(&self, scope: &str, lifetime: Duration) -> String {
        let now = self.clock.now().wall;
        let custom = json!({ "plan": "gold" });
        let token = NewToken {
            subject: self.user,
            tenant: TenantId::DEFAULT,
            session: self.session,
            client: &ClientId::new("test").unwrap(),
            scope: &scope.parse().unwrap(),
            user_version: 1,
            tenant_version: 1,
            amr: &[],
            auth_time: now,
            roles: &[],
            custom: custom.as_object().unwrap(),
            now,
        };
        let issuer = TokenIssuer::new(issuer(), audience(), lifetime);
        issuer
            .issue(&self.signing, &token, &SystemRandom::new())
            .unwrap()
            .expose()
            .to_owned()
    }

    pub(crate) fn log_out(&self) {
        self.revoke(Target::Session {
            tenant: TenantId::DEFAULT,
            session: self.session,
        });
    }

    pub(crate) fn revoke(&self, target: Target) {
        let now = self.clock.now().wall;
        self.view.raise(
            &Revocation {
                target,
                expires_at: now + Duration::from_secs(3600),
            },
            now,
        );
    }
}

fn issuer() -> Issuer {
    Issuer::new("https://auth.example.com").unwrap()
}

fn audience() -> Audience {
    Audience::new("https://api.example.com").unwrap()
}

/// Keys that can be lost.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    known: Mutex<KeySet>,
    to_come: Mutex<Option<KeySet>>,
    down: AtomicBool,
    changes: AtomicU64,
}

impl Keys {
    /// There are none, and nobody answers who is asked for them.
    pub(crate) fn lose(&self) {
        self.withdraw();
        self.down.store(true, Ordering::SeqCst);
    }

    /// There are none until they are asked for.
    pub(crate) fn mislay(&self) {
        *self.to_come.lock().unwrap() = Some(self.withdraw());
    }

    /// There are none any more.
    pub(crate) fn withdraw(&self) -> KeySet {
        self.replace(KeySet::default())
    }

    fn replace(&self, keys: KeySet) -> KeySet {
        let mut known = self.known.lock().unwrap();
        self.changes.fetch_add(1, Ordering::SeqCst);
        std::mem::replace(&mut *known, keys)
    }
}

#[async_trait]
impl KeySource for Keys {
    fn keys(&self) -> KeySet {
        self.known.lock().unwrap().clone()
    }

    fn epoch(&self) -> u64 {
        self.changes.load(Ordering::SeqCst)
    }

    async fn refresh(&self, _unknown: &str) -> Result<(), Unavailable> {
        tokio::time::sleep(Duration::from_millis(20)).await;
        if self.down.load(Ordering::SeqCst) {
            return Err(Unavailable);
        }
        if let Some(keys) = self.to_come.lock().unwrap().take() {
            self.replace(keys);
        }
        Ok(())
    }
}
