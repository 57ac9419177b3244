//! Issuers whose keys change, verifiers with a cache and without, and tokens.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use auth_cache::token::MemoryTokenCache;
use auth_core::jwt::{NewToken, TokenIssuer};
use auth_core::key::{Algorithm, KeySet, KeySource, SigningKey, Unavailable};
use auth_core::revocation::{Revocation, RevocationView, Target};
use auth_core::verifier::{TokenCache, Verifier, VerifierBuilder};
use auth_core::{
    Audience, ClientId, Identity, Issuer, ManualClock, Scope, SessionId, SystemRandom, TenantId,
    Timestamp, UserId,
};
use uuid::Uuid;

pub(crate) const NOW: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);

pub(crate) fn issuer() -> Issuer {
    Issuer::new("https://auth.example").unwrap()
}

pub(crate) fn partner() -> Issuer {
    Issuer::new("https://partner.example").unwrap()
}

pub(crate) fn audience() -> Audience {
    Audience::new("https://api.example").unwrap()
}

pub(crate) fn tenant(number: u8) -> TenantId {
    TenantId::from_uuid(Uuid::from_u128(number.into()))
}

pub(crate) fn user(number: u32) -> UserId {
    UserId::from_uuid(Uuid::from_u128(number.into()))
}

pub(crate) fn session(number: u32) -> SessionId {
    SessionId::from_uuid(Uuid::from_u128(number.into()))
}

/// A key of HS256, the fastest: nothing here depends on the algorithm.
pub(crate) fn key(material: u8, kid: &str) -> SigningKey {
    key_for(Algorithm::Hs256, material, kid)
}

pub(crate) fn key_for(algorithm: Algorithm, material: u8, kid: &str) -> SigningKey {
    let key = SigningKey::hmac(&[material; 64], algorithm).unwrap();
    key.with_kid(kid).unwrap()
}

pub(crate) fn set_of(keys: &[&SigningKey]) -> KeySet {
    KeySet::new(keys.iter().map(|key| key.verifying_key().clone())).unwrap()
}

/// Keys that change when a test says so.
#[derive(Debug)]
pub(crate) struct Keys {
    set: Mutex<KeySet>,
    epoch: AtomicU64,
}

impl Keys {
    pub(crate) fn of(keys: &[&SigningKey]) -> Arc<Self> {
        Arc::new(Self {
            set: Mutex::new(set_of(keys)),
            epoch: AtomicU64::new(0),
        })
    }

    pub(crate) fn become_these(&self, keys: &[&SigningKey]) {
        let mut set = self.set.lock().unwrap();
        *set = set_of(keys);
        self.epoch.fetch_add(1, Ordering::AcqRel);
    }
}

#[async_trait]
impl KeySource for Keys {
    fn keys(&self) -> KeySet {
        self.set.lock().unwrap().clone()
    }

    fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    async fn refresh(&self, _unknown: &str) -> Result<(), Unavailable> {
        Ok(())
    }
}

/// What a token is to say.
#[derive(Clone, Debug)]
pub(crate) struct Saying {
    pub(crate) user: u32,
    pub(crate) tenant: u8,
    pub(crate) session: u32,
    pub(crate) versions: (i64, i64),
    pub(crate) issued_at: Timestamp,
    pub(crate) lifetime: u64,
    pub(crate) issuer: Issuer,
    pub(crate) audience: Audience,
}

pub(crate) const PLAIN: fn(u32) -> Saying = |number| Saying {
    user: number,
    tenant: 1,
    session: number,
    versions: (5, 5),
    issued_at: NOW,
    lifetime: 300,
    issuer: issuer(),
    audience: audience(),
};

impl Saying {
    pub(crate) fn by(&self, key: &SigningKey) -> String {
        let (client, scope) = (
            ClientId::new("app").unwrap(),
            "read write".parse::<Scope>().unwrap(),
        );
        let token = NewToken {
            subject: user(self.user),
            tenant: tenant(self.tenant),
            session: session(self.session),
            client: &client,
            scope: &scope,
            user_version: self.versions.0,
            tenant_version: self.versions.1,
            amr: &[],
            auth_time: self.issued_at,
            roles: &[],
            custom: &serde_json::Map::new(),
            now: self.issued_at,
        };
        let lifetime = Duration::from_secs(self.lifetime);
        TokenIssuer::new(self.issuer.clone(), self.audience.clone(), lifetime)
            .issue(key, &token, &SystemRandom::new())
            .unwrap()
            .expose()
            .to_owned()
    }
}

/// One verifier with a cache, and its twin without.
#[derive(Debug)]
pub(crate) struct Twins {
    pub(crate) cached: Verifier,
    pub(crate) plain: Verifier,
}

impl Twins {
    pub(crate) fn build(
        cache: &Arc<dyn TokenCache>,
        builder: impl Fn() -> VerifierBuilder,
    ) -> Self {
        Self {
            cached: builder().with_token_cache(cache.clone()).build().unwrap(),
            plain: builder().build().unwrap(),
        }
    }

    /// What both say, which must be the same.
    #[track_caller]
    pub(crate) fn agree_on(&self, token: &str) -> bool {
        let (cached, plain) = (said(&self.cached, token), said(&self.plain, token));
        assert_eq!(cached, plain, "of {token}");
        plain.is_ok()
    }
}

/// Whose a verifier says a token is, or why not.
pub(crate) fn said(verifier: &Verifier, token: &str) -> Result<[String; 5], String> {
    match verifier.verify_now(token) {
        Ok(identity) => Ok(whose(&identity)),
        Err(error) => Err(format!("{error:?}")),
    }
}

fn whose(identity: &Identity) -> [String; 5] {
    let claims = identity.registered();
    [
        identity.issuer().to_owned(),
        identity.subject().to_owned(),
        format!("{:?} {:?}", identity.user(), claims.session()),
        claims.token_id().unwrap().to_owned(),
        format!("{:?}", identity.expires_at()),
    ]
}

/// A verifier of our own issuer over a cache of its own.
#[derive(Debug)]
pub(crate) struct Rig {
    pub(crate) key: SigningKey,
    pub(crate) keys: Arc<Keys>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) view: RevocationView,
    pub(crate) cache: Arc<MemoryTokenCache>,
    pub(crate) verifier: Verifier,
}

impl Rig {
    pub(crate) fn with(cache: impl FnOnce(Arc<ManualClock>) -> MemoryTokenCache) -> Self {
        let key = key(1, "one");
        let keys = Keys::of(&[&key]);
        let clock = Arc::new(ManualClock::at(NOW));
        let view = RevocationView::new();
        let cache = Arc::new(cache(clock.clone()));
        let verifier = Verifier::builder(&issuer(), &audience(), keys.clone())
            .with_revocations(view.clone())
            .with_clock(clock.clone())
            .with_token_cache(cache.clone())
            .build()
            .unwrap();
        Self {
            key,
            keys,
            clock,
            view,
            cache,
            verifier,
        }
    }

    pub(crate) fn new() -> Self {
        Self::with(|clock| MemoryTokenCache::builder().with_clock(clock).build())
    }

    pub(crate) fn token(&self, number: u32) -> String {
        PLAIN(number).by(&self.key)
    }

    pub(crate) fn revoke(&self, target: Target) {
        let expires_at = Timestamp::MAX;
        self.view
            .raise(&Revocation { target, expires_at }, Timestamp::default());
    }

    pub(crate) fn accepts(&self, token: &str) -> bool {
        self.verifier.verify_now(token).is_ok()
    }

    /// Whether it is accepted, and from the cache.
    pub(crate) fn hits(&self, token: &str) -> bool {
        let before = self.verifier.stats().hits;
        self.accepts(token) && self.verifier.stats().hits == before + 1
    }
}

/// Numbers that look drawn and are the same each time.
#[derive(Debug)]
pub(crate) struct Draws(pub(crate) u64);

impl Draws {
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound as u64).unwrap()
    }
}
