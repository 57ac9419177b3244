//! The keys, policy and clock that all checks share. The names and times are
//! those of `examples/corpus/vectors`, so that its tokens are worth mutating.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use auth_core::jwt::{NewToken, TokenIssuer};
use auth_core::key::{Algorithm, Backend, KeySet, SigningKey, VerifyingKey};
use auth_core::verifier::Verifier;
use auth_core::{
    Audience, ClientId, Issuer, ManualClock, Scope, SessionId, SystemRandom, TenantId, Timestamp,
    UserId,
};
use ring::{hmac, signature};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::base64url;

/// The time at which every token is judged, in Unix seconds.
pub const NOW: i64 = 1_800_000_000;
/// Whose tokens are accepted.
pub const ISSUER: &str = "https://issuer.example";
/// For whom.
pub const AUDIENCE: &str = "https://api.example";
/// A header that is good with the key `hs-256`.
pub const HEADER: &str = r#"{"alg":"HS256","typ":"at+jwt","kid":"hs-256"}"#;
/// Claims that are good.
pub const CLAIMS: &str = r#"{"iss":"https://issuer.example","sub":"0190a5d0-7c3f-7000-8000-0123456789ab","aud":"https://api.example","exp":1800000300,"nbf":1799999990,"iat":1799999990,"jti":"AAAAAAAAAAAAAAAAAAAAAA","client_id":"app-1","sid":"0190a5d0-7c3f-7000-8000-0123456789ac","scope":"read write","tid":"00000000-0000-0000-0000-000000000000","ver":1,"tver":1,"amr":["pwd"],"auth_time":1799999000,"roles":["clerk"]}"#;

/// Test keys, made with `openssl genpkey`. They protect nothing.
const ED25519: &str = include_str!("../keys/ed25519.private.pem");
const P256: &str = include_str!("../keys/p256.private.pem");
const P384: &str = include_str!("../keys/p384.private.pem");
const RSA: &str = include_str!("../../auth-core/tests/vectors/jws/rsa-2048.private.pem");
const SECRET: &[u8; 64] = b"a secret that everybody knows, of sixty-four bytes, for fuzzing!";

/// Verifiers that must agree, and what an oracle needs to know of their keys.
pub struct Rig {
    /// One for each backend.
    pub verifiers: Vec<Verifier>,
    /// Their keys.
    pub keys: Vec<Known>,
}

/// A public key as plain material.
pub struct Known {
    /// Its id.
    pub kid: &'static str,
    /// Its algorithm.
    pub algorithm: Algorithm,
    /// What it is.
    pub material: Material,
}

/// What a key is made of.
pub enum Material {
    /// A shared secret.
    Secret(&'static [u8]),
    /// An Ed25519 key, or an uncompressed point.
    Point(Vec<u8>),
    /// An RSA key.
    Rsa {
        /// The modulus, big-endian.
        n: Vec<u8>,
        /// The exponent, big-endian.
        e: Vec<u8>,
    },
}

/// A verifier that has the key `hs-256` alone.
pub fn one_key() -> &'static Rig {
    static RIG: OnceLock<Rig> = OnceLock::new();
    RIG.get_or_init(|| Rig::new(&[Algorithm::Hs256]))
}

/// A verifier that has a key of each algorithm.
pub fn all_keys() -> &'static Rig {
    static RIG: OnceLock<Rig> = OnceLock::new();
    RIG.get_or_init(|| Rig::new(Algorithm::ALL))
}

/// The private key of an algorithm.
pub fn signing_key(algorithm: Algorithm) -> SigningKey {
    let key = match algorithm {
        Algorithm::EdDsa => SigningKey::from_pem(ED25519, algorithm),
        Algorithm::Es256 => SigningKey::from_pem(P256, algorithm),
        Algorithm::Es384 => SigningKey::from_pem(P384, algorithm),
        Algorithm::Hs256 | Algorithm::Hs384 | Algorithm::Hs512 => {
            SigningKey::hmac(SECRET, algorithm)
        }
        _ => SigningKey::from_pem(RSA, algorithm),
    };
    key.and_then(|key| key.with_kid(kid(algorithm)))
        .expect("the keys of the fixture are good")
}

/// The id of its key.
pub const fn kid(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::EdDsa => "ed-1",
        Algorithm::Es256 => "ec-256",
        Algorithm::Es384 => "ec-384",
        Algorithm::Rs256 => "rsa-RS256",
        Algorithm::Rs384 => "rsa-RS384",
        Algorithm::Rs512 => "rsa-RS512",
        Algorithm::Ps256 => "rsa-PS256",
        Algorithm::Ps384 => "rsa-PS384",
        Algorithm::Ps512 => "rsa-PS512",
        Algorithm::Hs256 => "hs-256",
        Algorithm::Hs384 => "hs-384",
        Algorithm::Hs512 => "hs-512",
        _ => "another",
    }
}

/// The algorithms that [`sign`] knows: cheap, and the same bytes each time.
pub const SIGNED: [Algorithm; 4] = [
    Algorithm::Hs256,
    Algorithm::Hs384,
    Algorithm::Hs512,
    Algorithm::EdDsa,
];

/// A token of any header and payload whatever, signed by the fixture's key.
pub fn sign(algorithm: Algorithm, header: &[u8], payload: &[u8]) -> String {
    let signed = format!(
        "{}.{}",
        base64url::encode(header),
        base64url::encode(payload)
    );
    let mac = |hash| {
        let key = hmac::Key::new(hash, SECRET);
        hmac::sign(&key, signed.as_bytes()).as_ref().to_vec()
    };
    let signature = match algorithm {
        Algorithm::Hs256 => mac(hmac::HMAC_SHA256),
        Algorithm::Hs384 => mac(hmac::HMAC_SHA384),
        Algorithm::Hs512 => mac(hmac::HMAC_SHA512),
        _ => {
            static KEY: OnceLock<signature::Ed25519KeyPair> = OnceLock::new();
            let key = KEY.get_or_init(|| {
                let key = signing_key(Algorithm::EdDsa);
                signature::Ed25519KeyPair::from_pkcs8_maybe_unchecked(key.expose().expose())
                    .expect("the fixture's key")
            });
            key.sign(signed.as_bytes()).as_ref().to_vec()
        }
    };
    format!("{signed}.{}", base64url::encode(&signature))
}

impl Rig {
    fn new(algorithms: &[Algorithm]) -> Self {
        Self {
            verifiers: Backend::ALL
                .iter()
                .map(|backend| {
                    let keys = algorithms
                        .iter()
                        .map(|algorithm| signing_key(*algorithm).verifying_key().clone());
                    verifier(keys.map(|key| key.with_backend(*backend).expect("both take it")))
                })
                .collect(),
            keys: algorithms
                .iter()
                .map(|algorithm| Known::new(*algorithm))
                .collect(),
        }
    }
}

/// A verifier of the fixture's policy.
pub fn verifier(keys: impl IntoIterator<Item = VerifyingKey>) -> Verifier {
    let keys = KeySet::new(keys).expect("the names differ");
    let clock = ManualClock::at(Timestamp::from_unix_seconds(NOW));
    let (issuer, audience) = parties();
    Verifier::builder(&issuer, &audience, Arc::new(keys))
        .without_revocations()
        .with_clock(Arc::new(clock))
        .build()
        .expect("a policy")
}

/// A good token as the SDK issues it.
pub fn issue(key: &SigningKey) -> String {
    let now = Timestamp::from_unix_seconds(NOW);
    let new = NewToken {
        subject: UserId::from_uuid(Uuid::nil()),
        tenant: TenantId::DEFAULT,
        session: SessionId::from_uuid(Uuid::nil()),
        client: &ClientId::default(),
        scope: &Scope::empty(),
        user_version: 1,
        tenant_version: 1,
        amr: &[],
        auth_time: now,
        roles: &[],
        custom: &Map::new(),
        now,
    };
    let (issuer, audience) = parties();
    let issuer = TokenIssuer::new(issuer, audience, Duration::from_secs(300));
    let token = issuer.issue(key, &new, &SystemRandom::new());
    token
        .expect("a key that was taken signs")
        .expose()
        .to_owned()
}

fn parties() -> (Issuer, Audience) {
    let issuer = Issuer::new(ISSUER).expect("a name");
    let audience = Audience::new(AUDIENCE).expect("a name");
    (issuer, audience)
}

impl Known {
    fn new(algorithm: Algorithm) -> Self {
        let jwk = signing_key(algorithm).verifying_key().to_jwk();
        let jwk = serde_json::to_value(jwk).expect("a JWK");
        let bytes = |name: &str| {
            let text = jwk.get(name).and_then(Value::as_str);
            text.and_then(base64url::decode).expect("a member")
        };
        let material = match jwk.get("kty").and_then(Value::as_str) {
            None => Material::Secret(SECRET),
            Some("OKP") => Material::Point(bytes("x")),
            Some("EC") => Material::Point([vec![4], bytes("x"), bytes("y")].concat()),
            Some(_) => Material::Rsa {
                n: bytes("n"),
                e: bytes("e"),
            },
        };
        Self {
            kid: kid(algorithm),
            algorithm,
            material,
        }
    }
}
