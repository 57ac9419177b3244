//! What AWS-LC does differently.

pub(super) use ::aws_lc_rs as library;

#[path = "primitives.rs"]
#[allow(clippy::duplicate_mod, reason = "compiled once for each library")]
mod primitives;

pub(super) use primitives::{signer, verifier};

use std::sync::Once;

use library::encoding::{AsDer, Pkcs8V1Der};
use library::error::{KeyRejected, Unspecified};
use library::rsa::{KeySize, PublicKeyComponents};
use library::signature::{
    EcdsaKeyPair, EcdsaSigningAlgorithm, ParsedPublicKey, RsaKeyPair, RsaParameters,
    VerificationAlgorithm,
};

use super::Verify;
use crate::key::error::KeyError;
use crate::key::generate::RsaSize;
use crate::key::material::Rsa;
use crate::secret::Secret;

/// Draws a byte, once: AWS-LC collects its entropy at the first draw, which
/// takes 20 ms that no request should wait for. A failure is told by the first
/// that needs more.
pub(super) fn warm_up() {
    WARM_UP.call_once(|| {
        let _ = library::rand::fill(&mut [0]);
    });
}

static WARM_UP: Once = Once::new();

/// PKCS#8 of a new key.
pub(super) fn generate_rsa(size: RsaSize) -> Result<Secret<Vec<u8>>, KeyError> {
    let size = match size {
        RsaSize::Bits2048 => KeySize::Rsa2048,
        RsaSize::Bits3072 => KeySize::Rsa3072,
        RsaSize::Bits4096 => KeySize::Rsa4096,
    };
    let key = RsaKeyPair::generate(size).map_err(|_| KeyError::Entropy)?;
    let der: Pkcs8V1Der<'_> = key.as_der().map_err(|_| KeyError::Backend)?;
    Ok(Secret::new(der.as_ref().to_vec()))
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::{Backend, SigningKey};
    use crate::random::SystemRandom;

    /// Each in a process of its own, in which nothing was drawn before.
    #[test]
    fn a_key_that_is_made_ready_to_verify_has_drawn_entropy_already() {
        let key = SigningKey::generate(&SystemRandom::new()).unwrap();
        let public = key.verifying_key().clone();
        public.with_backend(Backend::AwsLcRs).unwrap();
        assert!(WARM_UP.is_completed());
    }

    #[test]
    fn a_key_that_is_made_ready_to_sign_has_drawn_entropy_already() {
        let key = SigningKey::generate(&SystemRandom::new()).unwrap();
        key.with_backend(Backend::AwsLcRs).unwrap();
        assert!(WARM_UP.is_completed());
    }
}
