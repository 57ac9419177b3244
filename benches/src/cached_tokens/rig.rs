//! Tokens of 457 bytes, and verifiers of them.

use std::sync::Arc;
use std::time::Duration;

use auth_core::jwt::{NewToken, TokenIssuer};
use auth_core::key::{KeySet, SigningKey};
use auth_core::revocation::{Revocation, RevocationView, Target};
use auth_core::verifier::{TokenCache, Verifier, VerifierBuilder};
use auth_core::{
    Audience, ClientId, Clock, Identity, Issuer, Scope, SessionId, SystemClock, SystemRandom,
    TenantId, Timestamp, UserId,
};
use serde_json::Map;

use crate::Failure;

/// What the documents' tokens are.
const LENGTH: usize = 457;

pub(super) struct Rig {
    pub(super) tokens: Arc<[String]>,
    /// In which order they come.
    pub(super) order: Arc<[usize]>,
    pub(super) view: RevocationView,
    /// Without a cache.
    pub(super) plain: Verifier,
    keys: KeySet,
}

impl Rig {
    /// Of each token a user; in turn if there are few, at random if there are many.
    pub(super) fn new(count: usize) -> Result<Self, Failure> {
        let random = SystemRandom::new();
        let now = SystemClock.now().wall;
        let (key, client) = fitting(now)?;
        let tokens = (0..count)
            .map(|_| Ok(token(&key, &client, UserId::draw(now, &random)?, now)?))
            .collect::<Result<Vec<String>, Failure>>()?;
        if tokens.iter().any(|token| token.len() != LENGTH) {
            return Err("the tokens are not of 457 bytes".into());
        }
        let mut draw = 0x9e37_79b9_7f4a_7c15_u64;
        let order = (0..if count > 1_000 { 1 << 16 } else { count }).map(|place| {
            draw ^= draw << 13;
            draw ^= draw >> 7;
            draw ^= draw << 17;
            let drawn = usize::try_from(draw >> 1).unwrap_or(0) % count;
            if count > 1_000 { drawn } else { place }
        });
        let order = order.collect();
        let keys = KeySet::new([key.verifying_key().clone()])?;
        let view = RevocationView::new();
        // Somebody is always logged out.
        for _ in 0..1_000 {
            view.raise(&logged_out(now)?, now);
        }
        let plain = builder(&keys, &view)?.build()?;
        Ok(Self {
            tokens: tokens.into(),
            order,
            view,
            plain,
            keys,
        })
    }

    pub(super) fn verifier(&self, cache: Arc<dyn TokenCache>) -> Verifier {
        let builder = builder(&self.keys, &self.view);
        let built = builder.map(|builder| builder.with_token_cache(cache).build());
        // It was built before, without a cache.
        built.map_or_else(
            |_| self.plain.clone(),
            |built| built.unwrap_or(self.plain.clone()),
        )
    }

    /// Proves that a contender says of each token whose it is.
    pub(super) fn check(
        &self,
        name: &str,
        get: &dyn Fn(&str) -> Option<Arc<Identity>>,
    ) -> Result<(), Failure> {
        for _ in 0..2 {
            for token in &*self.tokens {
                let right = self.plain.verify_now(token)?;
                let is_right = get(token).is_some_and(|found| {
                    (found.user(), found.session()) == (right.user(), right.session())
                });
                if !is_right {
                    return Err(format!("{name} does not know a token").into());
                }
            }
        }
        Ok(())
    }
}

fn builder(keys: &KeySet, view: &RevocationView) -> Result<VerifierBuilder, Failure> {
    let (issuer, audience) = names()?;
    let keys = Arc::new(keys.clone());
    Ok(Verifier::builder(&issuer, &audience, keys).with_revocations(view.clone()))
}

fn names() -> Result<(Issuer, Audience), Failure> {
    let issuer = Issuer::new("https://auth.example.com")?;
    Ok((issuer, Audience::new("https://api.example.com")?))
}

/// A session that has ended.
pub(super) fn logged_out(now: Timestamp) -> Result<Revocation, Failure> {
    Ok(Revocation {
        target: Target::Session {
            tenant: TenantId::DEFAULT,
            session: SessionId::draw(now, &SystemRandom::new())?,
        },
        expires_at: now + Duration::from_secs(30),
    })
}

/// A key and a client that make tokens of the right length: base64 leaves out
/// some lengths of each part.
fn fitting(now: Timestamp) -> Result<(SigningKey, ClientId), Failure> {
    let random = SystemRandom::new();
    let mut key = SigningKey::generate(&random)?;
    let user = UserId::draw(now, &random)?;
    for kid in 1..8 {
        key = key.with_kid(&"2026-11-a"[..kid])?;
        for client in 1..100 {
            let client = ClientId::new(&"c".repeat(client))?;
            if token(&key, &client, user, now)?.len() == LENGTH {
                return Ok((key, client));
            }
        }
    }
    Err("no token is of 457 bytes".into())
}

fn token(
    key: &SigningKey,
    client: &ClientId,
    user: UserId,
    now: Timestamp,
) -> Result<String, Failure> {
    let random = SystemRandom::new();
    let scope: Scope = "read".parse()?;
    let (issuer, audience) = names()?;
    let token = NewToken {
        subject: user,
        tenant: TenantId::DEFAULT,
        session: SessionId::draw(now, &random)?,
        client,
        scope: &scope,
        user_version: 1,
        tenant_version: 1,
        amr: &[],
        auth_time: now,
        roles: &[],
        custom: &Map::new(),
        now,
    };
    let issuer = TokenIssuer::new(issuer, audience, Duration::from_secs(3600));
    Ok(issuer.issue(key, &token, &random)?.expose().to_owned())
}
