//! What must work whichever provider `jsonwebtoken` has: issuing, verifying,
//! conversions, our keys as its signer and verifier, and our provider, called
//! but not installed. Each situation is a test binary of its own, because the
//! provider belongs to the process.
#![allow(dead_code, reason = "each binary takes what it needs")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

use std::sync::Arc;
use std::time::Duration;

use auth_core::interop::{
    KeySigner, KeyVerifier, RING_PROVIDER, decoding_key, encoding_key, jwk, jwk_set, key_set,
    signing_key, verifying_key, verifying_key_of_jwk,
};
use auth_core::jwt::{NewToken, TokenError, TokenIssuer};
use auth_core::key::{Algorithm, Backend, KeySet, SigningKey, VerifyingKey};
use auth_core::verifier::{Verifier, VerifyError};
use auth_core::{
    Audience, ClientId, Issuer, ManualClock, Scope, SystemRandom, TenantId, Timestamp,
};
use jsonwebtoken::crypto::{JwtSigner, JwtVerifier};
use jsonwebtoken::{DecodingKey, EncodingKey, signature};
use serde_json::{Map, Value, json};

pub(crate) const ISSUER: &str = "https://auth.example";
pub(crate) const AUDIENCE: &str = "https://api.example";
const RSA: &str = include_str!("../vectors/jws/rsa-2048.private.pem");

/// Every algorithm on every backend of ours.
pub(crate) fn everywhere() -> impl Iterator<Item = (Algorithm, Backend)> {
    Backend::ALL.iter().flat_map(|&backend| {
        let with = move |&algorithm| (algorithm, backend);
        Algorithm::ALL.iter().map(with)
    })
}

pub(crate) fn is_rsa(algorithm: Algorithm) -> bool {
    algorithm.as_str().starts_with(['R', 'P'])
}

pub(crate) fn is_hmac(algorithm: Algorithm) -> bool {
    algorithm.as_str().starts_with('H')
}

/// A private key named "ours". There is one RSA key, and others are drawn.
pub(crate) fn key(algorithm: Algorithm) -> SigningKey {
    let key = if is_rsa(algorithm) {
        SigningKey::from_pem(RSA, algorithm)
    } else {
        SigningKey::generate_for(algorithm, &SystemRandom::new())
    };
    key.unwrap().with_kid("ours").unwrap()
}

/// The same key, prepared anew.
pub(crate) fn again(key: &SigningKey) -> SigningKey {
    let public = key.verifying_key();
    let (bytes, algorithm) = (key.expose().expose(), public.algorithm());
    let key = if public.is_secret() {
        SigningKey::hmac(bytes, algorithm)
    } else {
        SigningKey::from_pkcs8(bytes, algorithm)
    };
    let key = key.unwrap().with_kid(public.kid()).unwrap();
    key.with_backend(public.backend()).unwrap()
}

pub(crate) fn now() -> i64 {
    i64::try_from(jsonwebtoken::get_current_timestamp()).unwrap()
}

/// Trusts one key, and takes it to be `now`.
pub(crate) fn verifier(key: &VerifyingKey, now: i64) -> Verifier {
    let keys = KeySet::new([key.clone()]).unwrap();
    let (issuer, audience) = (Issuer::new(ISSUER), Audience::new(AUDIENCE));
    let clock = ManualClock::at(Timestamp::from_unix_seconds(now));
    Verifier::builder(&issuer.unwrap(), &audience.unwrap(), Arc::new(keys))
        .without_revocations()
        .with_clock(Arc::new(clock))
        .build()
        .unwrap()
}

/// Why ours refuses a token; `None` if it is accepted.
pub(crate) fn refusal(verifier: &Verifier, token: &str) -> Option<TokenError> {
    match verifier.verify_now(token) {
        Ok(_) => None,
        Err(VerifyError::Invalid(reason)) => Some(reason),
        // With fixed keys nobody is asked; an unknown key is one.
        Err(VerifyError::Undecided(_)) => Some(TokenError::UnknownKey),
        Err(other) => panic!("{other:?}"),
    }
}

pub(crate) fn issue(key: &SigningKey, now: i64, custom: &Map<String, Value>) -> String {
    let (issuer, audience) = (Issuer::new(ISSUER), Audience::new(AUDIENCE));
    let issuer = TokenIssuer::new(issuer.unwrap(), audience.unwrap(), Duration::from_secs(300));
    let now = Timestamp::from_unix_seconds(now);
    let token = NewToken {
        subject: "01890a5d-ac96-774b-bcce-b302099a8057".parse().unwrap(),
        tenant: TenantId::DEFAULT,
        session: "01890a5d-ac96-774b-bcce-b302099a8058".parse().unwrap(),
        client: &ClientId::new("first-party").unwrap(),
        scope: &"read write".parse::<Scope>().unwrap(),
        user_version: 3,
        tenant_version: 0,
        amr: &["pwd".to_owned()],
        auth_time: now,
        roles: &["admin".to_owned()],
        custom,
        now,
    };
    let token = issuer.issue(key, &token, &SystemRandom::new()).unwrap();
    token.expose().to_owned()
}

/// The same claims under a signature of other bytes.
pub(crate) fn forged(token: &str) -> String {
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let first = if signature.starts_with('A') { "B" } else { "A" };
    format!("{signed}.{first}{}", &signature[1..])
}

pub(crate) fn is_good(verifier: &dyn JwtVerifier, message: &[u8], signature: &[u8]) -> bool {
    signature::Verifier::verify(verifier, message, &signature.to_vec()).is_ok()
}

pub(crate) fn sign(signer: &dyn JwtSigner, message: &[u8]) -> Vec<u8> {
    signer.try_sign(message).unwrap()
}

/// All of it.
pub(crate) fn everything_works() {
    for (algorithm, backend) in everywhere() {
        let key = key(algorithm).with_backend(backend).unwrap();
        tokens_are_judged(&key);
        keys_are_converted(&key);
        keys_sign_and_verify(&key);
        the_provider_that_is_not_installed_works(&key);
    }
    sets_are_converted();
}

fn tokens_are_judged(key: &SigningKey) {
    let now = 1_800_000_000;
    let verifier = verifier(key.verifying_key(), now);
    let token = issue(key, now, &Map::new());
    assert_eq!(refusal(&verifier, &token), None);
    assert_eq!(
        refusal(&verifier, &forged(&token)),
        Some(TokenError::Signature)
    );
    let unsigned = format!("{}.", token.rsplit_once('.').unwrap().0);
    assert!(refusal(&verifier, &unsigned).is_some());
    let later = self::verifier(key.verifying_key(), now + 300);
    assert_eq!(refusal(&later, &token), Some(TokenError::Expired));
}

fn keys_are_converted(key: &SigningKey) {
    let public = key.verifying_key();
    let algorithm = public.algorithm();
    let theirs = encoding_key(key).unwrap();
    let back = signing_key(&theirs, algorithm).unwrap();
    assert_eq!(back.verifying_key().thumbprint(), public.thumbprint());
    let theirs = decoding_key(public).unwrap();
    let back = verifying_key(&theirs, algorithm).unwrap();
    assert_eq!(back.thumbprint(), public.thumbprint());
    assert_eq!(jwk(public).is_none(), public.is_secret());
    if let Some(jwk) = jwk(public) {
        let back = verifying_key_of_jwk(&jwk).unwrap();
        assert_eq!(back.thumbprint(), public.thumbprint());
        assert_eq!((back.kid(), back.algorithm()), ("ours", algorithm));
    }
}

fn keys_sign_and_verify(key: &SigningKey) {
    let public = key.verifying_key();
    let signer = KeySigner::from(again(key));
    let verifier = KeyVerifier::from(public.clone());
    assert_eq!(signer.algorithm(), public.algorithm().into());
    assert_eq!(verifier.algorithm(), public.algorithm().into());
    let signature = sign(&signer, b"message");
    assert!(public.verifies(b"message", &signature));
    assert!(is_good(&verifier, b"message", &signature));
    assert!(!is_good(&verifier, b"massage", &signature));
    assert!(!is_good(&verifier, b"message", &signature[1..]));
    assert!(!is_good(&verifier, b"message", b""));
}

fn the_provider_that_is_not_installed_works(key: &SigningKey) {
    let public = key.verifying_key();
    let algorithm = public.algorithm().into();
    let (encoding, decoding) = (encoding_key(key).unwrap(), decoding_key(public).unwrap());
    let signer = (RING_PROVIDER.signer_factory)(&algorithm, &encoding).unwrap();
    let verifier = (RING_PROVIDER.verifier_factory)(&algorithm, &decoding).unwrap();
    assert_eq!(
        (signer.algorithm(), verifier.algorithm()),
        (algorithm, algorithm)
    );
    let signature = sign(&*signer, b"message");
    assert!(public.verifies(b"message", &signature));
    assert!(is_good(&*verifier, b"message", &signature));
    assert!(!is_good(&*verifier, b"massage", &signature));
    assert!(!is_good(&*verifier, b"message", b""));
}

fn sets_are_converted() {
    let named = |&algorithm: &Algorithm| {
        let key = key(algorithm).with_kid(algorithm.as_str()).unwrap();
        key.verifying_key().clone()
    };
    let keys = KeySet::new(Algorithm::ALL.iter().map(named)).unwrap();
    let theirs = jwk_set(&keys);
    assert_eq!(theirs.keys.len(), 9);
    let (back, skipped) = key_set(&theirs).unwrap();
    assert!(skipped.is_empty());
    assert_eq!(back.to_jwks(), keys.to_jwks());
}

/// That `jsonwebtoken` itself cannot sign or verify, for want of a provider.
pub(crate) fn jsonwebtoken_panics() -> bool {
    let header = jsonwebtoken::Header::default();
    let claims = json!({ "exp": now() + 60 });
    let secret = [7; 32];
    let encode =
        move || jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(&secret)).is_ok();
    let token = "eyJhbGciOiJIUzI1NiJ9.e30.AAAA";
    let decode = move || {
        let validation = jsonwebtoken::Validation::default();
        let key = DecodingKey::from_secret(&secret);
        jsonwebtoken::decode::<Value>(token, &key, &validation).is_ok()
    };
    std::panic::catch_unwind(encode).is_err() && std::panic::catch_unwind(decode).is_err()
}
