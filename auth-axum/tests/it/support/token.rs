//! Tokens that say whatever a test wants.

use std::sync::Arc;

use async_trait::async_trait;
use auth_core::key::{KeySet, KeySource, SigningKey, Unavailable};
use auth_core::verifier::Verifier;
use auth_core::{Audience, Clock, Issuer, SystemClock, SystemRandom};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::signature::Ed25519KeyPair;
use serde_json::{Value, json};

pub(crate) const ISSUER: &str = "https://auth.example.com";
pub(crate) const AUDIENCE: &str = "https://api.example.com";
pub(crate) const USER: &str = "0190a5d0-7c3f-7000-8000-0123456789ab";

pub(crate) struct Signer {
    key: SigningKey,
}

impl Signer {
    pub(crate) fn new() -> Self {
        Self {
            key: SigningKey::generate(&SystemRandom::new()).unwrap(),
        }
    }

    pub(crate) fn keys(&self) -> KeySet {
        KeySet::new([self.key.verifying_key().clone()]).unwrap()
    }

    pub(crate) fn verifier(&self) -> Verifier {
        verifier(Arc::new(self.keys()))
    }

    /// A good token with these claims more.
    pub(crate) fn token(&self, more: &Value) -> String {
        let now = SystemClock.now().wall.unix_seconds();
        let mut claims = json!({
            "iss": ISSUER, "sub": USER, "aud": AUDIENCE, "exp": now + 300, "iat": now, "jti": "j",
            "client_id": "app", "sid": USER, "tid": USER, "ver": 1, "tver": 1,
        });
        claims
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        self.sign("at+jwt", &claims)
    }

    pub(crate) fn sign(&self, typ: &str, claims: &Value) -> String {
        let header = json!({ "alg": "EdDSA", "typ": typ, "kid": self.key.verifying_key().kid() });
        let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&header), part(claims));
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(self.key.expose().expose()).unwrap();
        let signature = BASE64_URL_SAFE_NO_PAD.encode(pair.sign(signed.as_bytes()));
        format!("{signed}.{signature}")
    }
}

/// The same token with another signature.
pub(crate) fn spoiled(token: &str) -> String {
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let first = if signature.starts_with('A') { 'B' } else { 'A' };
    format!("{signed}.{first}{}", &signature[1..])
}

pub(crate) fn verifier(keys: Arc<dyn KeySource>) -> Verifier {
    Verifier::builder(
        &Issuer::new(ISSUER).unwrap(),
        &Audience::new(AUDIENCE).unwrap(),
        keys,
    )
    .without_revocations()
    .build()
    .unwrap()
}

/// Keys that cannot be asked for.
#[derive(Debug)]
pub(crate) struct Outage;

#[async_trait]
impl KeySource for Outage {
    fn keys(&self) -> KeySet {
        KeySet::default()
    }

    fn epoch(&self) -> u64 {
        0
    }

    async fn refresh(&self, _unknown: &str) -> Result<(), Unavailable> {
        tokio::task::yield_now().await;
        Err(Unavailable)
    }
}

/// Keys that are known once they have been asked for.
#[derive(Debug)]
pub(crate) struct Late {
    pub(crate) keys: KeySet,
    pub(crate) asked: std::sync::atomic::AtomicBool,
}

#[async_trait]
impl KeySource for Late {
    fn keys(&self) -> KeySet {
        let known = self.asked.load(std::sync::atomic::Ordering::SeqCst);
        if known {
            self.keys.clone()
        } else {
            KeySet::default()
        }
    }

    fn epoch(&self) -> u64 {
        u64::from(self.asked.load(std::sync::atomic::Ordering::SeqCst))
    }

    async fn refresh(&self, _unknown: &str) -> Result<(), Unavailable> {
        tokio::task::yield_now().await;
        self.asked.store(true, std::sync::atomic::Ordering::SeqCst);
        Ok(())
    }
}
