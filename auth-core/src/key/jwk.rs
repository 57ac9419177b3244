//! JSON Web Keys, in and out (RFC 7517, RFC 7518 §6, RFC 8037 §2).

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::algorithm::Algorithm;
use super::error::KeyError;
use super::material::{Public, Rsa};
use crate::secret::Secret;

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

/// A JWK as somebody wrote it; nothing is believed of it yet.
#[derive(Deserialize)]
pub(super) struct RawJwk {
    kty: String,
    #[serde(rename = "use")]
    purpose: Option<String>,
    key_ops: Option<Vec<String>>,
    alg: Option<String>,
    pub(super) kid: Option<String>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
    n: Option<String>,
    e: Option<String>,
    k: Option<Secret<String>>,
}

/// Members that only a key's owner may know (RFC 7518 §6.2.2, §6.3.2, §6.4,
/// RFC 8037 §2), and `priv` of the types to come.
const PRIVATE: &[&str] = &["k", "d", "p", "q", "dp", "dq", "qi", "oth", "priv"];

/// Whether a JWK shows what only its owner may know, in whatever form; the
/// key need not be one that is understood.
pub(super) fn is_private(json: &str) -> bool {
    serde_json::from_str(json).is_ok_and(|Shown(private)| private)
}

/// Whether any member of an object is private, however often it stands there.
struct Shown(bool);

impl<'de> Deserialize<'de> for Shown {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Shown;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Shown, A::Error> {
                let mut private = false;
                while let Some((name, value)) =
                    members.next_entry::<String, Option<IgnoredAny>>()?
                {
                    private |= value.is_some() && PRIVATE.contains(&name.as_str());
                }
                Ok(Shown(private))
            }
        }

        deserializer.deserialize_map(Members)
    }
}

impl RawJwk {
    pub(super) fn parse(json: &str) -> Result<Self, KeyError> {
        serde_json::from_str(json).map_err(|_| KeyError::Malformed)
    }

    /// Whether it is a shared secret.
    pub(super) fn is_secret(&self) -> bool {
        self.kty == "oct"
    }

    /// The algorithm it is for: the one it names, or the one that its type
    /// leaves. An RSA key that names none is taken for RS256, as `OpenID`
    /// providers mean it.
    pub(super) fn algorithm(&self) -> Result<Algorithm, KeyError> {
        let by_type = match (self.kty.as_str(), self.crv.as_deref()) {
            ("OKP", Some("Ed25519")) => Some(Algorithm::EdDsa),
            ("EC", Some("P-256")) => Some(Algorithm::Es256),
            ("EC", Some("P-384")) => Some(Algorithm::Es384),
            ("RSA", _) => Some(Algorithm::Rs256),
            _ => None,
        };
        match self.alg.as_deref() {
            // RFC 9864 gives Ed25519 a name of its own.
            Some("Ed25519") => Ok(Algorithm::EdDsa),
            Some(name) => Algorithm::from_name(name).ok_or(KeyError::Unsupported),
            None => by_type.ok_or(KeyError::Unsupported),
        }
    }

    /// Refuses a key that says it is not for this (RFC 7517 §4.2, §4.3).
    pub(super) fn check_purpose(&self, operation: &str) -> Result<(), KeyError> {
        let purpose = self
            .purpose
            .as_deref()
            .is_none_or(|purpose| purpose == "sig");
        let allowed = self
            .key_ops
            .as_ref()
            .is_none_or(|ops| ops.iter().any(|op| op == operation));
        if purpose && allowed {
            Ok(())
        } else {
            Err(KeyError::WrongPurpose)
        }
    }

    pub(super) fn public(&self, algorithm: Algorithm) -> Result<Public, KeyError> {
        let coordinates = |len| -> Result<Vec<u8>, KeyError> {
            let mut point = vec![4];
            for coordinate in [&self.x, &self.y] {
                let coordinate = member(coordinate.as_deref())?;
                if coordinate.len() != len {
                    return Err(KeyError::Malformed);
                }
                point.extend_from_slice(&coordinate);
            }
            Ok(point)
        };
        let key = match (self.kty.as_str(), self.crv.as_deref()) {
            ("OKP", Some("Ed25519")) => Public::ed25519(&member(self.x.as_deref())?)?,
            ("EC", Some("P-256")) => Public::p256(&coordinates(32)?)?,
            ("EC", Some("P-384")) => Public::p384(&coordinates(48)?)?,
            ("RSA", None) => Public::rsa(&member(self.n.as_deref())?, &member(self.e.as_deref())?)?,
            ("oct", None) => {
                let secret = self.k.as_ref().map(|k| k.expose().as_str());
                Public::hmac(member(secret)?, algorithm)?
            }
            _ => return Err(KeyError::Unsupported),
        };
        if key.family() == algorithm.family() {
            Ok(key)
        } else {
            Err(KeyError::WrongType)
        }
    }
}

pub(super) fn encode(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn member(text: Option<&str>) -> Result<Vec<u8>, KeyError> {
    let text = text.ok_or(KeyError::Malformed)?;
    BASE64_URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| KeyError::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c45_a_private_member_is_seen_wherever_it_stands() {
        for private in [
            r#"{"d":"x"}"#,
            r#"{"d":"x","d":null}"#,
            r#"{"d":null,"\u0064":1}"#,
            r#"{"kty":7,"oth":[]}"#,
        ] {
            assert!(is_private(private), "{private}");
        }
        for public in [r#"{"d":null}"#, r#"{"n":"d"}"#, "{}", "[]"] {
            assert!(!is_private(public), "{public}");
        }
    }
}
