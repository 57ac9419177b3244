//! A JWK as somebody wrote it.

use std::fmt;

use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::member;
use crate::key::algorithm::{Algorithm, Family};
use crate::key::error::KeyError;
use crate::key::material::Public;
use crate::secret::Secret;

/// A JWK as somebody wrote it; nothing is believed of it yet.
#[derive(Deserialize)]
pub(in crate::key) struct RawJwk {
    kty: String,
    #[serde(rename = "use")]
    purpose: Option<String>,
    key_ops: Option<Vec<String>>,
    alg: Option<String>,
    pub(in crate::key) kid: Option<String>,
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

/// A key that also does one of these is used with several algorithms, which
/// RFC 7517 §4.3 advises against: what one reveals may break the other.
const UNRELATED: &[&str] = &[
    "encrypt",
    "decrypt",
    "wrapKey",
    "unwrapKey",
    "deriveKey",
    "deriveBits",
];

/// Whether a JWK shows what only its owner may know, in whatever form; the
/// key need not be one that is understood.
pub(in crate::key) fn is_private(json: &str) -> bool {
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
    pub(in crate::key) fn parse(json: &str) -> Result<Self, KeyError> {
        serde_json::from_str(json).map_err(|_| KeyError::Malformed)
    }

    /// Whether it is a shared secret.
    pub(in crate::key) fn is_secret(&self) -> bool {
        self.kty == "oct"
    }

    /// The algorithm it is for: the one it names, or the one that its type
    /// leaves. An RSA key that names none is taken for RS256, as `OpenID`
    /// providers mean it.
    pub(in crate::key) fn algorithm(&self) -> Result<Algorithm, KeyError> {
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

    /// Refuses a key that says it is not for this, or for more than signatures
    /// (RFC 7517 §4.2, §4.3).
    pub(in crate::key) fn check_purpose(&self, operation: &str) -> Result<(), KeyError> {
        let purpose = self
            .purpose
            .as_deref()
            .is_none_or(|purpose| purpose == "sig");
        let allowed = self.key_ops.as_ref().is_none_or(|ops| {
            let for_this = ops.iter().any(|op| op == operation);
            for_this && !ops.iter().any(|op| UNRELATED.contains(&op.as_str()))
        });
        if purpose && allowed {
            Ok(())
        } else {
            Err(KeyError::WrongPurpose)
        }
    }

    pub(in crate::key) fn public(&self, algorithm: Algorithm) -> Result<Public, KeyError> {
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
            ("EC", Some("P-256")) => Public::ec(&coordinates(32)?, Family::P256)?,
            ("EC", Some("P-384")) => Public::ec(&coordinates(48)?, Family::P384)?,
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
