//! What AWS-LC does differently.

pub(super) use ::aws_lc_rs as library;

#[path = "primitives.rs"]
#[allow(clippy::duplicate_mod, reason = "compiled once for each library")]
mod primitives;

pub(super) use primitives::{signer, verifier};

use library::error::{KeyRejected, Unspecified};
use library::rsa::PublicKeyComponents;
use library::signature::{
    EcdsaKeyPair, EcdsaSigningAlgorithm, ParsedPublicKey, RsaKeyPair, RsaParameters,
    VerificationAlgorithm,
};

use super::Verify;
use crate::key::error::KeyError;
use crate::key::material::Rsa;

type Point = ParsedPublicKey;

fn point(kind: &'static dyn VerificationAlgorithm, bytes: &[u8]) -> Result<Point, KeyError> {
    Point::new(kind, bytes).map_err(|_| KeyError::Malformed)
}

fn verify_point(key: &Point, message: &[u8], signature: &[u8]) -> Result<(), Unspecified> {
    key.verify_sig(message, signature)
}

fn rsa(kind: &'static RsaParameters, key: &Rsa) -> Result<Box<dyn Verify>, KeyError> {
    let key = PublicKeyComponents {
        n: &key.n,
        e: &key.e,
    };
    let key = key
        .to_parsed_public_key(kind)
        .map_err(|_| KeyError::Malformed)?;
    Ok(Box::new(primitives::Asymmetric(key)))
}

fn modulus_len(key: &RsaKeyPair) -> usize {
    key.public_modulus_len()
}

fn ecdsa(kind: &'static EcdsaSigningAlgorithm, der: &[u8]) -> Result<EcdsaKeyPair, KeyRejected> {
    EcdsaKeyPair::from_pkcs8(kind, der)
}
