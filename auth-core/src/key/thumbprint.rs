//! What a key is, whatever it is called (RFC 7638).

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::digest;
use zeroize::Zeroizing;

use super::jwk::encode;
use super::material::{Public, Rsa};

/// The SHA-256 thumbprint of a key (RFC 7638). Its text is base64url, unpadded:
/// the default `kid`.
///
/// ```
/// use auth_core::key::Thumbprint;
///
/// // RFC 7638 §3.1
/// let text = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs";
/// let thumbprint: Thumbprint = text.parse()?;
/// assert_eq!(thumbprint.to_string(), text);
/// # Ok::<(), auth_core::key::ParseThumbprintError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Thumbprint([u8; 32]);

/// A text is no thumbprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a SHA-256 thumbprint in base64url")]
pub struct ParseThumbprintError;

impl Thumbprint {
    /// Takes the hash itself.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The hash itself.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// SHA-256 of the key's canonical JWK: its required members, by name,
    /// without white space (RFC 7638 §3, RFC 8037 §2).
    pub(super) fn of(key: &Public) -> Self {
        let canonical = match key {
            Public::Ed25519(x) => {
                format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, encode(x))
            }
            Public::P256(point) => ec("P-256", &point[1..33], &point[33..]),
            Public::P384(point) => ec("P-384", &point[1..49], &point[49..]),
            Public::Rsa(Rsa { n, e }) => {
                format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, encode(e), encode(n))
            }
            Public::Hmac(k) => {
                let k = Zeroizing::new(encode(k.expose()));
                // As long as it will be, so that no copy is left behind.
                let mut canonical = String::with_capacity(k.len() + 32);
                canonical.push_str(r#"{"k":""#);
                canonical.push_str(&k);
                canonical.push_str(r#"","kty":"oct"}"#);
                canonical
            }
        };
        let canonical = Zeroizing::new(canonical);
        let mut thumbprint = [0; 32];
        let digest = digest::digest(&digest::SHA256, canonical.as_bytes());
        thumbprint.copy_from_slice(digest.as_ref());
        Self(thumbprint)
    }
}

fn ec(crv: &str, x: &[u8], y: &[u8]) -> String {
    let (x, y) = (encode(x), encode(y));
    format!(r#"{{"crv":"{crv}","kty":"EC","x":"{x}","y":"{y}"}}"#)
}

impl fmt::Display for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&encode(self.0))
    }
}

impl fmt::Debug for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Thumbprint({self})")
    }
}

impl FromStr for Thumbprint {
    type Err = ParseThumbprintError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bytes = BASE64_URL_SAFE_NO_PAD
            .decode(text)
            .map_err(|_| ParseThumbprintError)?;
        bytes.try_into().map(Self).map_err(|_| ParseThumbprintError)
    }
}
