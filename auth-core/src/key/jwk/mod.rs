//! JSON Web Keys, in and out (RFC 7517, RFC 7518 §6, RFC 8037 §2).

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Serialize;

use super::algorithm::Algorithm;
use super::error::KeyError;
use super::material::{Public, Rsa};

mod private;
mod raw;

pub(super) use private::{RawPrivate, expose};
pub(super) use raw::{RawJwk, is_private};

/// A public key as it is published. There is no private member to leak.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Jwk {
    kty: &'static str,
    #[serde(rename = "use")]
    purpose: &'static str,
    alg: &'static str,
    kid: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    crv: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    x: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    y: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    n: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    e: Option<String>,
}

/// A set of public keys: what `/.well-known/jwks.json` answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Jwks {
    /// The keys.
    pub keys: Vec<Jwk>,
}

impl Jwk {
    /// `None` for a secret: it is not published.
    pub(super) fn new(key: &Public, algorithm: Algorithm, kid: &str) -> Option<Self> {
        let jwk = |kty| Self {
            kty,
            purpose: "sig",
            alg: algorithm.as_str(),
            kid: kid.to_owned(),
            crv: None,
            x: None,
            y: None,
            n: None,
            e: None,
        };
        let ec = |crv, x: &[u8], y: &[u8]| Self {
            crv: Some(crv),
            x: Some(encode(x)),
            y: Some(encode(y)),
            ..jwk("EC")
        };
        Some(match key {
            Public::Ed25519(x) => Self {
                crv: Some("Ed25519"),
                x: Some(encode(x)),
                ..jwk("OKP")
            },
            Public::P256(point) => ec("P-256", &point[1..33], &point[33..]),
            Public::P384(point) => ec("P-384", &point[1..49], &point[49..]),
            Public::Rsa(Rsa { n, e }) => Self {
                n: Some(encode(n)),
                e: Some(encode(e)),
                ..jwk("RSA")
            },
            Public::Hmac(_) => return None,
        })
    }
}

pub(super) fn encode(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn member(text: Option<&str>) -> Result<Vec<u8>, KeyError> {
    let text = text.ok_or(KeyError::Malformed)?;
    BASE64_URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| KeyError::Malformed)
}
