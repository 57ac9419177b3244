//! Tokens of 457 bytes, and verifiers of them.

use std::sync::Arc;
use std::time::Duration;

use auth_core::key::{KeySet, SigningKey};
use auth_core::revocation::{Revocation, RevocationView, Target};
use auth_core::verifier::{TokenCache, Verifier, VerifierBuilder};
use auth_core::{
    Audience, Clock, Identity, Issuer, SessionId, SystemClock, SystemRandom, TenantId, Timestamp,
    UserId,
};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::signature::Ed25519KeyPair;

use crate::Failure;

/// As long as the tokens of the suite `tokens`.
const LENGTH: usize = 457;
/// Their payload, before it is encoded.
const PAYLOAD: usize = 236;

const ISSUER: &str = "https://a.example";
const AUDIENCE: &str = "api";

pub(super) struct Rig {
    pub(super) tokens: Arc<[String]>,
    /// In which order they come.
    pub(super) order: Arc<[usize]>,
    pub(super) view: RevocationView,
    /// Without a cache.
    pub(super) plain: Verifier,
    /// What it says of the tokens.
    pub(super) identities: Arc<[Arc<Identity>]>,
    keys: KeySet,
}

impl Rig {
    /// Of each token a user; in turn if there are few, at random if there are many.
    pub(super) fn new(count: usize) -> Result<Self, Failure> {
        let random = SystemRandom::new();
        let now = SystemClock.now().wall;
        let key = SigningKey::generate(&random)?.with_kid("1")?;
        let tokens = (0..count)
            .map(|_| token(&key, now))
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
        let identities = tokens
            .iter()
            .map(|token| plain.verify_now(token))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            tokens: tokens.into(),
            order,
            view,
            plain,
            identities: identities.into(),
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
            for (token, right) in self.tokens.iter().zip(&*self.identities) {
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
    let (issuer, audience) = (Issuer::new(ISSUER)?, Audience::new(AUDIENCE)?);
    let builder = Verifier::builder(&issuer, &audience, Arc::new(keys.clone()));
    Ok(builder
        .with_required_claims(["jti"])
        .with_revocations(view.clone()))
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

/// A token of the right length that says what it stands on, and little else: it
/// is its `jti` that fills it up.
fn token(key: &SigningKey, now: Timestamp) -> Result<String, Failure> {
    let random = SystemRandom::new();
    let encode = |json: String| BASE64_URL_SAFE_NO_PAD.encode(json);
    let header = r#"{"alg":"EdDSA","typ":"at+jwt","kid":"1"}"#.to_owned();
    let mut payload = format!(
        r#"{{"iss":"{ISSUER}","sub":"{}","aud":"{AUDIENCE}","exp":{},"sid":"{}","tid":"{}","ver":1,"tver":1,"jti":""#,
        UserId::draw(now, &random)?,
        (now + Duration::from_secs(3600)).unix_seconds(),
        SessionId::draw(now, &random)?,
        TenantId::DEFAULT,
    );
    while payload.len() < PAYLOAD - 2 {
        payload.push('j');
    }
    payload.push_str(r#""}"#);
    let signed = format!("{}.{}", encode(header), encode(payload));
    let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(key.expose().expose())
        .map_err(|error| error.to_string())?;
    let signature = BASE64_URL_SAFE_NO_PAD.encode(pair.sign(signed.as_bytes()));
    Ok(format!("{signed}.{signature}"))
}
