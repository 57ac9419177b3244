//! The private half of a JWK, in and out (RFC 7518 §6, RFC 8037 §2).

use pkcs1::{RsaPrivateKeyRef, UintRef};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize, Serializer};

use super::{encode, member};
use crate::key::algorithm::Family;
use crate::key::error::KeyError;
use crate::key::material::{Public, Rsa};
use crate::key::pkcs8::Parts;
use crate::key::signing::SigningKey;
use crate::secret::Secret;

/// What only the owner of a key may know.
#[derive(Deserialize)]
pub(in crate::key) struct RawPrivate {
    d: Option<Secret<String>>,
    p: Option<Secret<String>>,
    q: Option<Secret<String>>,
    dp: Option<Secret<String>>,
    dq: Option<Secret<String>>,
    qi: Option<Secret<String>>,
    oth: Option<IgnoredAny>,
}

/// Decoded, wiped when dropped.
type Bytes = Secret<Vec<u8>>;

impl RawPrivate {
    pub(in crate::key) fn parse(json: &str) -> Result<Self, KeyError> {
        serde_json::from_str(json).map_err(|_| KeyError::Malformed)
    }

    /// Hands the parts of the private key to `with`. All of RSA's are wanted
    /// (RFC 7518 §6.3.2), and no third prime.
    pub(in crate::key) fn parts<T>(
        &self,
        public: &Public,
        with: impl FnOnce(&Parts<'_>) -> Result<T, KeyError>,
    ) -> Result<T, KeyError> {
        let d = bytes(self.d.as_ref())?;
        let d = d.expose();
        let of_rsa = [&self.p, &self.q, &self.dp, &self.dq, &self.qi];
        let is_rsa = matches!(public, Public::Rsa(_));
        if !is_rsa && (of_rsa.iter().any(|part| part.is_some()) || self.oth.is_some()) {
            return Err(KeyError::Malformed);
        }
        match public {
            Public::Ed25519(x) => with(&Parts::Ed25519 {
                seed: d,
                public: Some(x),
            }),
            Public::P256(point) => with(&Parts::Ec {
                curve: Family::P256,
                d,
                point,
            }),
            Public::P384(point) => with(&Parts::Ec {
                curve: Family::P384,
                d,
                point,
            }),
            Public::Rsa(Rsa { n, e }) => {
                if self.oth.is_some() {
                    return Err(KeyError::Unsupported);
                }
                let [p, q, dp, dq, qi] = of_rsa.map(|part| bytes(part.as_ref()));
                with(&Parts::Rsa(RsaPrivateKeyRef {
                    modulus: number(n)?,
                    public_exponent: number(e)?,
                    private_exponent: number(d)?,
                    prime1: number(p?.expose())?,
                    prime2: number(q?.expose())?,
                    exponent1: number(dp?.expose())?,
                    exponent2: number(dq?.expose())?,
                    coefficient: number(qi?.expose())?,
                    other_prime_infos: None,
                }))
            }
            Public::Hmac(_) => Err(KeyError::WrongType),
        }
    }
}

fn bytes(text: Option<&Secret<String>>) -> Result<Bytes, KeyError> {
    member(text.map(|text| text.expose().as_str())).map(Secret::new)
}

/// A number has no leading zeros (RFC 7518 §2).
fn number(bytes: &[u8]) -> Result<UintRef<'_>, KeyError> {
    if bytes.first().is_none_or(|first| *first == 0) {
        return Err(KeyError::Malformed);
    }
    UintRef::new(bytes).map_err(|_| KeyError::Malformed)
}

/// A private key as a JWK.
#[derive(Default, Serialize)]
struct PrivateJwk<'a> {
    kty: &'static str,
    #[serde(rename = "use")]
    purpose: &'static str,
    alg: &'static str,
    kid: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    crv: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    x: Option<Base64<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    y: Option<Base64<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    d: Option<Base64<'a>>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    rsa: Option<RsaJwk<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    k: Option<Base64<'a>>,
}

#[derive(Serialize)]
struct RsaJwk<'a> {
    n: Base64<'a>,
    e: Base64<'a>,
    p: Base64<'a>,
    q: Base64<'a>,
    dp: Base64<'a>,
    dq: Base64<'a>,
    qi: Base64<'a>,
}

/// Bytes that are written as base64url.
struct Base64<'a>(&'a [u8]);

impl Serialize for Base64<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(Secret::new(encode(self.0)).expose())
    }
}

/// No private JWK of ours is longer: the seven numbers of an RSA key take 3.3
/// kB, a key id 1.5 kB when every byte of it is escaped, and a secret a third
/// more than it has bytes.
const LEN: usize = 8 * 1024;

/// The whole key, private half and all.
pub(in crate::key) fn expose(key: &SigningKey) -> Result<Secret<String>, KeyError> {
    let public = key.verifying_key();
    let jwk = PrivateJwk {
        purpose: "sig",
        alg: public.algorithm().as_str(),
        kid: public.kid(),
        ..PrivateJwk::default()
    };
    let (private, text) = (key.expose().expose(), LEN + 2 * key.expose().expose().len());
    if public.is_secret() {
        let k = Some(Base64(private));
        return write(
            &PrivateJwk {
                kty: "oct",
                k,
                ..jwk
            },
            text,
        );
    }
    let jwk = match Parts::read(private)? {
        Parts::Ed25519 { seed, .. } => {
            let Public::Ed25519(x) = public.public() else {
                return Err(KeyError::WrongType);
            };
            let crv = Some("Ed25519");
            let (x, d) = (Some(Base64(x)), Some(Base64(seed)));
            PrivateJwk {
                kty: "OKP",
                crv,
                x,
                d,
                ..jwk
            }
        }
        Parts::Ec { curve, d, point } => {
            let (crv, len) = match curve {
                Family::P256 => (Some("P-256"), 32),
                _ => (Some("P-384"), 48),
            };
            let point = point.split_at_checked(1 + len).ok_or(KeyError::Malformed)?;
            let (x, y) = (Some(Base64(&point.0[1..])), Some(Base64(point.1)));
            let d = Some(Base64(d));
            PrivateJwk {
                kty: "EC",
                crv,
                x,
                y,
                d,
                ..jwk
            }
        }
        Parts::Rsa(key) => PrivateJwk {
            kty: "RSA",
            d: Some(Base64(key.private_exponent.as_bytes())),
            rsa: Some(RsaJwk {
                n: Base64(key.modulus.as_bytes()),
                e: Base64(key.public_exponent.as_bytes()),
                p: Base64(key.prime1.as_bytes()),
                q: Base64(key.prime2.as_bytes()),
                dp: Base64(key.exponent1.as_bytes()),
                dq: Base64(key.exponent2.as_bytes()),
                qi: Base64(key.coefficient.as_bytes()),
            }),
            ..jwk
        },
    };
    write(&jwk, text)
}

/// Into a buffer that never grows, so that no copy is left behind.
fn write(jwk: &PrivateJwk<'_>, len: usize) -> Result<Secret<String>, KeyError> {
    let mut text = Vec::with_capacity(len);
    serde_json::to_writer(&mut text, jwk).map_err(|_| KeyError::Malformed)?;
    String::from_utf8(text)
        .map(Secret::new)
        .map_err(|_| KeyError::Malformed)
}
