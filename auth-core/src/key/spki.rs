//! `SubjectPublicKeyInfo`, in and out (RFC 5280 §4.1.2.7).

use pkcs1::{RsaPublicKeyRef, UintRef};
use spki::der::asn1::BitStringRef;
use spki::der::{Decode, Encode};
use spki::{SubjectPublicKeyInfo, SubjectPublicKeyInfoRef};

use super::algorithm::Family;
use super::error::KeyError;
use super::material::{Public, Rsa};
use super::oid;

pub(super) fn read(der: &[u8]) -> Result<Public, KeyError> {
    let info = SubjectPublicKeyInfoRef::from_der(der).map_err(|_| KeyError::Malformed)?;
    let family = oid::family(info.algorithm)?;
    let key = info.subject_public_key.as_bytes();
    let key = key.ok_or(KeyError::Malformed)?;
    match family {
        Family::Ed25519 => Public::ed25519(key),
        Family::P256 | Family::P384 => Public::ec(key, family),
        Family::Rsa => {
            let key = RsaPublicKeyRef::from_der(key).map_err(|_| KeyError::Malformed)?;
            Public::rsa(key.modulus.as_bytes(), key.public_exponent.as_bytes())
        }
        Family::Hmac => Err(KeyError::Unsupported),
    }
}

/// `None` for a secret.
pub(super) fn write(key: &Public) -> Option<Vec<u8>> {
    let rsa;
    let bytes: &[u8] = match key {
        Public::Ed25519(key) => key,
        Public::P256(point) => point,
        Public::P384(point) => point,
        Public::Rsa(Rsa { n, e }) => {
            let key = RsaPublicKeyRef {
                modulus: UintRef::new(n).ok()?,
                public_exponent: UintRef::new(e).ok()?,
            };
            rsa = key.to_der().ok()?;
            &rsa
        }
        Public::Hmac(_) => return None,
    };
    let info = SubjectPublicKeyInfo {
        algorithm: oid::identifier(key.family())?,
        subject_public_key: BitStringRef::from_bytes(bytes).ok()?,
    };
    info.to_der().ok()
}
