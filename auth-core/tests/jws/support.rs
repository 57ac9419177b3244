//! A good token of any algorithm, and a verifier that accepts it.

use std::fmt::Write;
use std::sync::Arc;

use auth_core::key::{Algorithm, Backend, KeySet, SigningKey, VerifyingKey};
use auth_core::verifier::{Verifier, VerifierBuilder};
use auth_core::{Audience, Issuer, ManualClock, SystemRandom, Timestamp};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::rand::SystemRandom as RingRandom;
use ring::signature::{
    self, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, RsaEncoding, RsaKeyPair,
};
use serde_json::{Map, Value, json};

/// Test keys, made with `openssl genpkey`. They protect nothing.
pub(crate) const RSA_PRIVATE: &str = include_str!("../vectors/jws/rsa-2048.private.pem");
pub(crate) const RSA_PUBLIC: &str = include_str!("../vectors/jws/rsa-2048.public.pem");

pub(crate) const NOW: i64 = 1_800_000_000;
pub(crate) const ASYMMETRIC: &[Algorithm] = &[
    Algorithm::EdDsa,
    Algorithm::Es256,
    Algorithm::Es384,
    Algorithm::Rs256,
    Algorithm::Rs384,
    Algorithm::Rs512,
    Algorithm::Ps256,
    Algorithm::Ps384,
    Algorithm::Ps512,
];
pub(crate) const HMAC: &[Algorithm] = &[Algorithm::Hs256, Algorithm::Hs384, Algorithm::Hs512];

pub(crate) struct Rig {
    pub(crate) algorithm: Algorithm,
    pub(crate) backend: Backend,
    pub(crate) key: SigningKey,
    pub(crate) verifier: Verifier,
}

/// One for each algorithm on each backend.
pub(crate) fn rigs() -> impl Iterator<Item = Rig> {
    Backend::ALL.iter().flat_map(|&backend| {
        let rig = move |&algorithm| Rig::new(private(algorithm), backend);
        Algorithm::ALL.iter().map(rig)
    })
}

/// A private key, under a name that all tests know.
pub(crate) fn private(algorithm: Algorithm) -> SigningKey {
    let key = if is_rsa(algorithm) {
        SigningKey::from_pem(RSA_PRIVATE, algorithm)
    } else {
        SigningKey::generate_for(algorithm, &SystemRandom::new())
    };
    key.unwrap().with_kid("ours").unwrap()
}

fn is_rsa(algorithm: Algorithm) -> bool {
    algorithm.as_str().starts_with(['R', 'P'])
}

/// Signs any bytes, as an attacker who has the key would.
pub(crate) fn sign(key: &SigningKey, message: &[u8]) -> Vec<u8> {
    sign_as(key.verifying_key().algorithm(), key, message)
}

/// Signs by another algorithm than the key is bound to.
pub(crate) fn sign_as(algorithm: Algorithm, key: &SigningKey, message: &[u8]) -> Vec<u8> {
    let der = key.expose().expose();
    let random = RingRandom::new();
    let ecdsa = |kind: &'static EcdsaSigningAlgorithm| {
        let pair = EcdsaKeyPair::from_pkcs8(kind, der, &random).unwrap();
        pair.sign(&random, message).unwrap().as_ref().to_vec()
    };
    let rsa = |padding: &'static dyn RsaEncoding| {
        let pair = RsaKeyPair::from_pkcs8(der).unwrap();
        let mut signature = vec![0; pair.public().modulus_len()];
        pair.sign(padding, &random, message, &mut signature)
            .unwrap();
        signature
    };
    match algorithm {
        Algorithm::EdDsa => {
            let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).unwrap();
            pair.sign(message).as_ref().to_vec()
        }
        Algorithm::Es256 => ecdsa(&signature::ECDSA_P256_SHA256_FIXED_SIGNING),
        Algorithm::Es384 => ecdsa(&signature::ECDSA_P384_SHA384_FIXED_SIGNING),
        Algorithm::Rs256 => rsa(&signature::RSA_PKCS1_SHA256),
        Algorithm::Rs384 => rsa(&signature::RSA_PKCS1_SHA384),
        Algorithm::Rs512 => rsa(&signature::RSA_PKCS1_SHA512),
        Algorithm::Ps256 => rsa(&signature::RSA_PSS_SHA256),
        Algorithm::Ps384 => rsa(&signature::RSA_PSS_SHA384),
        Algorithm::Ps512 => rsa(&signature::RSA_PSS_SHA512),
        _ => mac(algorithm, der, message),
    }
}

/// With a key of any length, which our own would refuse.
pub(crate) fn mac(algorithm: Algorithm, secret: &[u8], message: &[u8]) -> Vec<u8> {
    let hash = match algorithm {
        Algorithm::Hs256 => ring::hmac::HMAC_SHA256,
        Algorithm::Hs384 => ring::hmac::HMAC_SHA384,
        Algorithm::Hs512 => ring::hmac::HMAC_SHA512,
        _ => panic!("{algorithm} is no HMAC"),
    };
    let key = ring::hmac::Key::new(hash, secret);
    ring::hmac::sign(&key, message).as_ref().to_vec()
}

impl Rig {
    pub(crate) fn new(key: SigningKey, backend: Backend) -> Self {
        let public = key.verifying_key().clone();
        Self {
            algorithm: public.algorithm(),
            backend,
            verifier: verifier(vec![public], backend),
            key,
        }
    }

    pub(crate) fn header(&self) -> Map<String, Value> {
        header(self.algorithm.as_str())
    }

    /// Signed with our key.
    pub(crate) fn sign(&self, header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>) -> String {
        compact(header, payload, |message| sign(&self.key, message))
    }

    pub(crate) fn token(&self) -> String {
        self.sign(text(self.header()), text(claims()))
    }

    pub(crate) fn accepts(&self, token: &str) -> bool {
        self.verifier.verify_now(token).is_ok()
    }
}

pub(crate) fn compact(
    header: impl AsRef<[u8]>,
    payload: impl AsRef<[u8]>,
    sign: impl FnOnce(&[u8]) -> Vec<u8>,
) -> String {
    let signed = format!("{}.{}", encode(header), encode(payload));
    let signature = encode(sign(signed.as_bytes()));
    format!("{signed}.{signature}")
}

pub(crate) fn builder(keys: Vec<VerifyingKey>, backend: Backend) -> VerifierBuilder {
    let keys = keys
        .into_iter()
        .map(|key| key.with_backend(backend).unwrap());
    let issuer = Issuer::new("https://auth.example").unwrap();
    let audience = Audience::new("https://api.example").unwrap();
    let now = Timestamp::from_unix_seconds(NOW);
    Verifier::builder(&issuer, &audience, Arc::new(KeySet::new(keys).unwrap()))
        .without_revocations()
        .with_clock(Arc::new(ManualClock::at(now)))
}

pub(crate) fn verifier(keys: Vec<VerifyingKey>, backend: Backend) -> Verifier {
    builder(keys, backend).build().unwrap()
}

pub(crate) fn header(alg: &str) -> Map<String, Value> {
    object(json!({ "alg": alg, "typ": "at+jwt", "kid": "ours" }))
}

pub(crate) fn claims() -> Map<String, Value> {
    object(json!({
        "iss": "https://auth.example",
        "sub": "01890a5d-ac96-774b-bcce-b302099a8057",
        "aud": "https://api.example",
        "exp": NOW + 300,
        "iat": NOW,
        "jti": "AAAAAAAAAAAAAAAAAAAAAA",
        "client_id": "first-party",
    }))
}

pub(crate) fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => panic!("no object"),
    }
}

pub(crate) fn text(members: Map<String, Value>) -> String {
    Value::Object(members).to_string()
}

pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn decode(text: &str) -> Vec<u8> {
    BASE64_URL_SAFE_NO_PAD.decode(text).unwrap()
}

pub(crate) fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// The bytes within a PEM.
pub(crate) fn der_of(pem: &str) -> Vec<u8> {
    let body: String = pem.lines().filter(|line| !line.contains("--")).collect();
    base64::prelude::BASE64_STANDARD.decode(body).unwrap()
}

/// The `SubjectPublicKeyInfo` of a key (RFC 5480, RFC 8410).
pub(crate) fn spki(key: &VerifyingKey) -> Vec<u8> {
    let prefix: &[u8] = match key.algorithm() {
        Algorithm::EdDsa => b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00",
        Algorithm::Es256 => {
            b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\
              \x03\x01\x07\x03\x42\x00\x04"
        }
        Algorithm::Es384 => {
            b"\x30\x76\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22\
              \x03\x62\x00\x04"
        }
        _ => return der_of(RSA_PUBLIC),
    };
    let jwk = serde_json::to_value(key.to_jwk()).unwrap();
    let member = |name| jwk[name].as_str().map(decode).unwrap_or_default();
    [prefix, &member("x"), &member("y")].concat()
}

pub(crate) fn to_pem(spki: &[u8]) -> String {
    let body = base64::prelude::BASE64_STANDARD.encode(spki);
    let lines: Vec<_> = body
        .as_bytes()
        .chunks(64)
        .map(String::from_utf8_lossy)
        .collect();
    format!(
        "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
        lines.join("\n")
    )
}
