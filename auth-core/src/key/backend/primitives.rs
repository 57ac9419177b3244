//! What ring and AWS-LC do alike. This file is compiled once for each, as
//! `library`; the calls in which they differ are its parent's.

use super::library::hmac;
use super::library::rand::SystemRandom;
use super::library::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED,
    ECDSA_P384_SHA384_FIXED_SIGNING, ED25519, EcdsaKeyPair, Ed25519KeyPair,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384,
    RSA_PSS_SHA512, RsaEncoding, RsaKeyPair,
};
use super::{Point, ecdsa, modulus_len, point, rsa, verify_point};
use crate::key::algorithm::Algorithm;
use crate::key::backend::{Sign, Verify};
use crate::key::error::KeyError;
use crate::key::material::{Private, Public};

/// Prepares a public key.
pub(in crate::key::backend) fn verifier(
    algorithm: Algorithm,
    key: &Public,
) -> Result<Box<dyn Verify>, KeyError> {
    let prepared = |key: Point| Box::new(Asymmetric(key)) as Box<dyn Verify>;
    match (algorithm, key) {
        (Algorithm::EdDsa, Public::Ed25519(key)) => point(&ED25519, key).map(prepared),
        (Algorithm::Es256, Public::P256(key)) => point(&ECDSA_P256_SHA256_FIXED, key).map(prepared),
        (Algorithm::Es384, Public::P384(key)) => point(&ECDSA_P384_SHA384_FIXED, key).map(prepared),
        (Algorithm::Rs256, Public::Rsa(key)) => rsa(&RSA_PKCS1_2048_8192_SHA256, key),
        (Algorithm::Rs384, Public::Rsa(key)) => rsa(&RSA_PKCS1_2048_8192_SHA384, key),
        (Algorithm::Rs512, Public::Rsa(key)) => rsa(&RSA_PKCS1_2048_8192_SHA512, key),
        (Algorithm::Ps256, Public::Rsa(key)) => rsa(&RSA_PSS_2048_8192_SHA256, key),
        (Algorithm::Ps384, Public::Rsa(key)) => rsa(&RSA_PSS_2048_8192_SHA384, key),
        (Algorithm::Ps512, Public::Rsa(key)) => rsa(&RSA_PSS_2048_8192_SHA512, key),
        (_, Public::Hmac(secret)) => Ok(Box::new(hmac_key(algorithm, secret.expose())?)),
        _ => Err(KeyError::WrongType),
    }
}

/// Prepares a private key.
pub(in crate::key::backend) fn signer(
    algorithm: Algorithm,
    key: &Private,
) -> Result<Box<dyn Sign>, KeyError> {
    let der = match key {
        Private::Pkcs8(der) => der.expose(),
        Private::Hmac(secret) => return Ok(Box::new(hmac_key(algorithm, secret.expose())?)),
    };
    let ecdsa = |kind| match ecdsa(kind, der) {
        Ok(key) => Ok(Box::new(Ecdsa(key)) as Box<dyn Sign>),
        Err(_) => Err(KeyError::Malformed),
    };
    let rsa = |padding| match RsaKeyPair::from_pkcs8(der) {
        Ok(key) => Ok(Box::new(Rsa { key, padding }) as Box<dyn Sign>),
        Err(_) => Err(KeyError::Malformed),
    };
    match algorithm {
        Algorithm::EdDsa => match Ed25519KeyPair::from_pkcs8_maybe_unchecked(der) {
            Ok(key) => Ok(Box::new(Ed25519(key))),
            Err(_) => Err(KeyError::Malformed),
        },
        Algorithm::Es256 => ecdsa(&ECDSA_P256_SHA256_FIXED_SIGNING),
        Algorithm::Es384 => ecdsa(&ECDSA_P384_SHA384_FIXED_SIGNING),
        Algorithm::Rs256 => rsa(&RSA_PKCS1_SHA256),
        Algorithm::Rs384 => rsa(&RSA_PKCS1_SHA384),
        Algorithm::Rs512 => rsa(&RSA_PKCS1_SHA512),
        Algorithm::Ps256 => rsa(&RSA_PSS_SHA256),
        Algorithm::Ps384 => rsa(&RSA_PSS_SHA384),
        Algorithm::Ps512 => rsa(&RSA_PSS_SHA512),
        Algorithm::Hs256 | Algorithm::Hs384 | Algorithm::Hs512 => Err(KeyError::WrongType),
    }
}

pub(super) struct Asymmetric(pub(super) Point);

impl Verify for Asymmetric {
    fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        verify_point(&self.0, message, signature).is_ok()
    }
}

struct Ed25519(Ed25519KeyPair);

impl Sign for Ed25519 {
    fn sign(&self, message: &[u8], with: &mut dyn FnMut(&[u8])) -> Option<()> {
        with(self.0.sign(message).as_ref());
        Some(())
    }
}

struct Ecdsa(EcdsaKeyPair);

impl Sign for Ecdsa {
    fn sign(&self, message: &[u8], with: &mut dyn FnMut(&[u8])) -> Option<()> {
        let signature = self.0.sign(&SystemRandom::new(), message).ok()?;
        with(signature.as_ref());
        Some(())
    }
}

struct Rsa {
    key: RsaKeyPair,
    padding: &'static dyn RsaEncoding,
}

/// Of the longest private key, 4096 bits.
const MAX_RSA_SIGNATURE: usize = 512;

impl Sign for Rsa {
    fn sign(&self, message: &[u8], with: &mut dyn FnMut(&[u8])) -> Option<()> {
        let mut signature = [0; MAX_RSA_SIGNATURE];
        let signature = signature.get_mut(..modulus_len(&self.key))?;
        self.key
            .sign(self.padding, &SystemRandom::new(), message, signature)
            .ok()?;
        with(signature);
        Some(())
    }
}

fn hmac_key(algorithm: Algorithm, secret: &[u8]) -> Result<hmac::Key, KeyError> {
    let hash = match algorithm {
        Algorithm::Hs256 => hmac::HMAC_SHA256,
        Algorithm::Hs384 => hmac::HMAC_SHA384,
        Algorithm::Hs512 => hmac::HMAC_SHA512,
        _ => return Err(KeyError::WrongType),
    };
    Ok(hmac::Key::new(hash, secret))
}

impl Verify for hmac::Key {
    /// In constant time.
    fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        hmac::verify(self, message, signature).is_ok()
    }
}

impl Sign for hmac::Key {
    fn sign(&self, message: &[u8], with: &mut dyn FnMut(&[u8])) -> Option<()> {
        with(hmac::sign(self, message).as_ref());
        Some(())
    }
}
