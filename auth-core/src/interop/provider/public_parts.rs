//! What `jsonwebtoken` makes JWKs and thumbprints of.

use jsonwebtoken::errors::{ErrorKind, Result, new_error};
use jsonwebtoken::jwk::{EllipticCurve, ThumbprintHash};
use jsonwebtoken::{Algorithm as Theirs, AlgorithmFamily, DecodingKey};
use pkcs1::RsaPublicKeyRef;
use pkcs8::der::Decode;
use ring::digest::{SHA256, SHA384, SHA512};
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair, RsaKeyPair,
};

use super::refused;
use crate::interop::keys::{coordinates, verifying_key};
use crate::key::{Algorithm, KeyError};

/// Modulus and exponent of a PKCS#1 private key.
pub(super) fn of_rsa_private(der: &[u8]) -> Result<(Vec<u8>, Vec<u8>)> {
    let pair = RsaKeyPair::from_der(der)
        .map_err(|_| refused(AlgorithmFamily::Rsa, KeyError::Malformed))?;
    let PublicKeyComponents { n, e } = PublicKeyComponents::<Vec<u8>>::from(pair.public());
    Ok((n, e))
}

/// Modulus and exponent of a PKCS#1 public key that may be used.
pub(super) fn of_rsa_public(der: &[u8]) -> Result<(Vec<u8>, Vec<u8>)> {
    let refused = |reason| refused(AlgorithmFamily::Rsa, reason);
    verifying_key(&DecodingKey::from_rsa_der(der), Algorithm::Rs256).map_err(refused)?;
    let key = RsaPublicKeyRef::from_der(der).map_err(|_| refused(KeyError::Malformed))?;
    let (n, e) = (key.modulus.as_bytes(), key.public_exponent.as_bytes());
    Ok((n.to_vec(), e.to_vec()))
}

/// Curve and coordinates of a PKCS#8 private key.
pub(super) fn of_ec_private(
    der: &[u8],
    algorithm: Theirs,
) -> Result<(EllipticCurve, Vec<u8>, Vec<u8>)> {
    let refused = || refused(AlgorithmFamily::Ec, KeyError::Malformed);
    let (kind, curve) = match algorithm {
        Theirs::ES256 => (&ECDSA_P256_SHA256_FIXED_SIGNING, EllipticCurve::P256),
        Theirs::ES384 => (&ECDSA_P384_SHA384_FIXED_SIGNING, EllipticCurve::P384),
        _ => return Err(refused()),
    };
    let pair = EcdsaKeyPair::from_pkcs8(kind, der, &SystemRandom::new()).map_err(|_| refused())?;
    let (_, x, y) = coordinates(pair.public_key().as_ref()).ok_or_else(refused)?;
    Ok((curve, x.to_vec(), y.to_vec()))
}

/// The public key of a PKCS#8 private key.
pub(super) fn of_ed_private(der: &[u8], curve: &EllipticCurve) -> Result<Vec<u8>> {
    if *curve != EllipticCurve::Ed25519 {
        return Err(new_error(ErrorKind::InvalidAlgorithm));
    }
    let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der)
        .map_err(|_| refused(AlgorithmFamily::Ed, KeyError::Malformed))?;
    Ok(pair.public_key().as_ref().to_vec())
}

pub(super) fn digest(data: &[u8], hash: &ThumbprintHash) -> Result<Vec<u8>> {
    let hash = match hash {
        ThumbprintHash::SHA256 => &SHA256,
        ThumbprintHash::SHA384 => &SHA384,
        ThumbprintHash::SHA512 => &SHA512,
        _ => return Err(new_error(ErrorKind::UnsupportedAlgorithm)),
    };
    Ok(ring::digest::digest(hash, data).as_ref().to_vec())
}
