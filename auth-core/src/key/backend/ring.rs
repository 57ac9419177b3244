//! What ring does differently.
#![expect(
    clippy::unnecessary_wraps,
    reason = "the same calls can fail in AWS-LC"
)]

pub(super) use ::ring as library;

#[path = "primitives.rs"]
#[allow(clippy::duplicate_mod, reason = "compiled once for each library")]
mod primitives;

pub(super) use primitives::{signer, verifier};

use library::error::{KeyRejected, Unspecified};
use library::rand::SystemRandom;
use library::rsa::PublicKeyComponents;
use library::signature::{
    EcdsaKeyPair, EcdsaSigningAlgorithm, RsaKeyPair, RsaParameters, UnparsedPublicKey,
    VerificationAlgorithm,
};

use super::Verify;
use crate::key::error::KeyError;
use crate::key::material::Rsa;

/// ring reads a public key each time it verifies, and keeps none prepared.
type Point = UnparsedPublicKey<Vec<u8>>;

fn point(kind: &'static dyn VerificationAlgorithm, bytes: &[u8]) -> Result<Point, KeyError> {
    Ok(Point::new(kind, bytes.to_vec()))
}

fn verify_point(key: &Point, message: &[u8], signature: &[u8]) -> Result<(), Unspecified> {
    key.verify(message, signature)
}

struct RsaKey {
    kind: &'static RsaParameters,
    key: PublicKeyComponents<Vec<u8>>,
}

fn rsa(kind: &'static RsaParameters, key: &Rsa) -> Result<Box<dyn Verify>, KeyError> {
    let key = PublicKeyComponents {
        n: key.n.clone(),
        e: key.e.clone(),
    };
    Ok(Box::new(RsaKey { kind, key }))
}

impl Verify for RsaKey {
    fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        self.key.verify(self.kind, message, signature).is_ok()
    }
}

fn modulus_len(key: &RsaKeyPair) -> usize {
    key.public().modulus_len()
}

fn ecdsa(kind: &'static EcdsaSigningAlgorithm, der: &[u8]) -> Result<EcdsaKeyPair, KeyRejected> {
    EcdsaKeyPair::from_pkcs8(kind, der, &SystemRandom::new())
}
