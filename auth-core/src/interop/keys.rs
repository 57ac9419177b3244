//! Keys in the form in which `jsonwebtoken` holds them, and back.

use jsonwebtoken::{AlgorithmFamily, DecodingKey, DecodingKeyKind, EncodingKey};
use pkcs1::RsaPublicKeyRef;
use pkcs8::der::Decode;
use pkcs8::der::asn1::{AnyRef, OctetStringRef};
use pkcs8::{AlgorithmIdentifierRef, PrivateKeyInfoRef, SecretDocument};
use serde_json::json;

use super::jwks;
use crate::key::{Algorithm, KeyError, SigningKey, VerifyingKey};

/// Our private key as `jsonwebtoken` signs with it. No provider is asked.
///
/// ```
/// use auth_core::interop::{RING_PROVIDER, encoding_key};
/// use auth_core::{SystemRandom, key::SigningKey};
/// use jsonwebtoken::{Algorithm, Header, encode};
///
/// RING_PROVIDER.install_default().ok();
/// let key = SigningKey::generate(&SystemRandom::new())?;
/// let header = Header::new(Algorithm::EdDSA);
/// let token = encode(&header, &serde_json::json!({ "sub": "42" }), &encoding_key(&key)?)?;
/// assert_eq!(token.split('.').count(), 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`KeyError::Malformed`] for PKCS#8 that our backends read and the `pkcs8`
/// crate does not.
pub fn encoding_key(key: &SigningKey) -> Result<EncodingKey, KeyError> {
    let bytes = key.expose().expose();
    Ok(match key.verifying_key().algorithm() {
        Algorithm::Hs256 | Algorithm::Hs384 | Algorithm::Hs512 => EncodingKey::from_secret(bytes),
        Algorithm::Es256 | Algorithm::Es384 => EncodingKey::from_ec_der(bytes),
        // Of all forms of PKCS#8 the one without a public key, which is the one it makes a JWK of.
        Algorithm::EdDsa => {
            EncodingKey::from_ed_der(without_public_key(&read_pkcs8(bytes)?)?.as_bytes())
        }
        Algorithm::Rs256
        | Algorithm::Rs384
        | Algorithm::Rs512
        | Algorithm::Ps256
        | Algorithm::Ps384
        | Algorithm::Ps512 => EncodingKey::from_rsa_der(read_pkcs8(bytes)?.private_key.as_bytes()),
    })
}

/// Our public key, or shared secret, as `jsonwebtoken` verifies with it. No
/// provider is asked.
///
/// # Errors
/// [`KeyError::Unsupported`] when `jsonwebtoken` has no form for it.
pub fn decoding_key(key: &VerifyingKey) -> Result<DecodingKey, KeyError> {
    if let Some(secret) = key.secret() {
        return Ok(DecodingKey::from_secret(secret));
    }
    let jwk = jwks::jwk(key).ok_or(KeyError::Unsupported)?;
    DecodingKey::from_jwk(&jwk).map_err(|_| KeyError::Unsupported)
}

/// A private key of `jsonwebtoken` as one of ours, for the algorithm that it
/// is used with. Its id is its RFC 7638 thumbprint.
///
/// Read are the forms that `jsonwebtoken`'s own backends read: PKCS#1 for RSA,
/// PKCS#8 for ECDSA, which must hold the public key too, and for Ed25519.
///
/// # Errors
/// [`KeyError`] names what is wrong with it.
pub fn signing_key(key: &EncodingKey, algorithm: Algorithm) -> Result<SigningKey, KeyError> {
    check_family(key.family(), algorithm)?;
    match key.family() {
        AlgorithmFamily::Hmac => SigningKey::hmac(key.as_bytes(), algorithm),
        AlgorithmFamily::Rsa => {
            SigningKey::from_pkcs8(pkcs8_of_pkcs1(key.as_bytes())?.as_bytes(), algorithm)
        }
        AlgorithmFamily::Ec | AlgorithmFamily::Ed => {
            SigningKey::from_pkcs8(key.as_bytes(), algorithm)
        }
    }
}

/// A key by which `jsonwebtoken` verifies as one of ours, for the algorithm
/// that it is used with. Its id is its RFC 7638 thumbprint.
///
/// Read are the forms that all of `jsonwebtoken`'s own backends read: modulus
/// and exponent or PKCS#1 for RSA, the uncompressed point for ECDSA, the 32
/// bytes for Ed25519.
///
/// # Errors
/// [`KeyError`] names what is wrong with it.
pub fn verifying_key(key: &DecodingKey, algorithm: Algorithm) -> Result<VerifyingKey, KeyError> {
    check_family(key.family(), algorithm)?;
    let alg = algorithm.as_str();
    let jwk = match (key.family(), key.kind()) {
        (AlgorithmFamily::Hmac, DecodingKeyKind::SecretOrDer(secret)) => {
            return VerifyingKey::hmac(secret, algorithm);
        }
        (AlgorithmFamily::Rsa, DecodingKeyKind::SecretOrDer(der)) => {
            let key = RsaPublicKeyRef::from_der(der).map_err(|_| KeyError::Malformed)?;
            rsa(alg, key.modulus.as_bytes(), key.public_exponent.as_bytes())
        }
        (AlgorithmFamily::Rsa, DecodingKeyKind::RsaModulusExponent { n, e }) => rsa(alg, n, e),
        (AlgorithmFamily::Ec, DecodingKeyKind::SecretOrDer(point)) => {
            let (crv, x, y) = coordinates(point).ok_or(KeyError::Malformed)?;
            json!({ "kty": "EC", "alg": alg, "crv": crv, "x": encode(x), "y": encode(y) })
        }
        (AlgorithmFamily::Ed, DecodingKeyKind::SecretOrDer(key)) => {
            json!({ "kty": "OKP", "alg": alg, "crv": "Ed25519", "x": encode(key) })
        }
        (_, DecodingKeyKind::RsaModulusExponent { .. }) => return Err(KeyError::WrongType),
    };
    VerifyingKey::from_jwk(&jwk.to_string())
}

/// Whether a key of this family may be used with the algorithm at all.
pub(super) fn check_family(family: AlgorithmFamily, algorithm: Algorithm) -> Result<(), KeyError> {
    if jsonwebtoken::Algorithm::from(algorithm).family() == family {
        Ok(())
    } else {
        Err(KeyError::WrongType)
    }
}

/// The curve of an uncompressed point (SEC 1 §2.3.3), by its length, and its
/// coordinates.
pub(super) fn coordinates(point: &[u8]) -> Option<(&'static str, &[u8], &[u8])> {
    let (crv, len) = match point.len() {
        65 => ("P-256", 32),
        97 => ("P-384", 48),
        _ => return None,
    };
    let (x, y) = point.strip_prefix(&[4])?.split_at(len);
    Some((crv, x, y))
}

fn rsa(alg: &str, n: &[u8], e: &[u8]) -> serde_json::Value {
    json!({ "kty": "RSA", "alg": alg, "n": encode(n), "e": encode(e) })
}

fn encode(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn read_pkcs8(der: &[u8]) -> Result<PrivateKeyInfoRef<'_>, KeyError> {
    PrivateKeyInfoRef::try_from(der).map_err(|_| KeyError::Malformed)
}

fn without_public_key(key: &PrivateKeyInfoRef<'_>) -> Result<SecretDocument, KeyError> {
    let key = PrivateKeyInfoRef::new(key.algorithm, key.private_key);
    SecretDocument::try_from(key).map_err(|_| KeyError::Malformed)
}

fn pkcs8_of_pkcs1(der: &[u8]) -> Result<SecretDocument, KeyError> {
    let algorithm = AlgorithmIdentifierRef {
        oid: pkcs1::ALGORITHM_OID,
        parameters: Some(AnyRef::NULL),
    };
    let key = OctetStringRef::new(der).map_err(|_| KeyError::Malformed)?;
    let key = PrivateKeyInfoRef::new(algorithm, key);
    SecretDocument::try_from(key).map_err(|_| KeyError::Malformed)
}
