//! What a key is, whatever it is called (RFC 7638).

use ring::digest;
use zeroize::Zeroizing;

use super::jwk::encode;
use super::material::{Public, Rsa};

/// SHA-256 of the key's canonical JWK: its required members, by name, without
/// white space (RFC 7638 §3, RFC 8037 §2).
pub(super) fn thumbprint(key: &Public) -> [u8; 32] {
    let canonical = match key {
        Public::Ed25519(x) => format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, encode(x)),
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
    thumbprint
}

fn ec(crv: &str, x: &[u8], y: &[u8]) -> String {
    let (x, y) = (encode(x), encode(y));
    format!(r#"{{"crv":"{crv}","kty":"EC","x":"{x}","y":"{y}"}}"#)
}
