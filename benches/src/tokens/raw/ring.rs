//! ring. It prepares no public key: each is read whenever it verifies.

use auth_core::key::Algorithm;
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519, EcdsaKeyPair,
    Ed25519KeyPair, KeyPair, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_SHA256, RsaKeyPair, UnparsedPublicKey, VerificationAlgorithm,
};

use super::RING;
use crate::Failure;
use crate::tokens::case::Case;
use crate::tokens::contender::{Depth, Issuing, Verifying};

pub(in crate::tokens) fn verifying(case: &Case) -> Result<Verifying, Failure> {
    if case.algorithm == Algorithm::Hs256 {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &case.public);
        return Ok(Verifying::new(RING, Depth::Signature, move |token| {
            hmac::verify(&key, token.signed(), token.signature()).is_ok()
        }));
    }
    let key = UnparsedPublicKey::new(kind(case.algorithm)?, case.public.clone());
    Ok(Verifying::new(RING, Depth::Signature, move |token| {
        key.verify(token.signed(), token.signature()).is_ok()
    }))
}

pub(in crate::tokens) fn issuing(case: &Case) -> Result<Issuing, Failure> {
    let signer = signer(case.algorithm, &case.private)?;
    let message = case.unsigned.clone().into_bytes();
    Ok(Issuing::new(RING, Depth::Signature, move |give| {
        signer(&message, give);
    }))
}

/// Whether the signature is the case's key's.
pub(in crate::tokens) fn verifies(case: &Case, message: &[u8], signature: &[u8]) -> bool {
    if let Ok(kind) = kind(case.algorithm) {
        let key = UnparsedPublicKey::new(kind, &case.public);
        return key.verify(message, signature).is_ok();
    }
    let key = hmac::Key::new(hmac::HMAC_SHA256, &case.public);
    hmac::verify(&key, message, signature).is_ok()
}

/// Signs once.
pub(in crate::tokens) fn sign(
    algorithm: Algorithm,
    private: &[u8],
    message: &[u8],
) -> Result<Vec<u8>, Failure> {
    let mut signature = Vec::new();
    signer(algorithm, private)?(message, &mut |bytes| signature.extend_from_slice(bytes));
    Ok(signature)
}

/// The public half, as the libraries take it; a secret is its own.
pub(in crate::tokens) fn public(algorithm: Algorithm, private: &[u8]) -> Result<Vec<u8>, Failure> {
    Ok(match algorithm {
        Algorithm::EdDsa => ed25519(private)?.public_key().as_ref().to_vec(),
        Algorithm::Es256 => p256(private)?.public_key().as_ref().to_vec(),
        Algorithm::Rs256 | Algorithm::Ps256 => rsa(private)?.public_key().as_ref().to_vec(),
        _ => private.to_vec(),
    })
}

type Signer = Box<dyn Fn(&[u8], &mut dyn FnMut(&[u8]))>;

fn signer(algorithm: Algorithm, private: &[u8]) -> Result<Signer, Failure> {
    let random = SystemRandom::new();
    Ok(match algorithm {
        Algorithm::Hs256 => {
            let key = hmac::Key::new(hmac::HMAC_SHA256, private);
            Box::new(move |message, give| give(hmac::sign(&key, message).as_ref()))
        }
        Algorithm::EdDsa => {
            let key = ed25519(private)?;
            Box::new(move |message, give| give(key.sign(message).as_ref()))
        }
        Algorithm::Es256 => {
            let key = p256(private)?;
            Box::new(move |message, give| {
                if let Ok(signature) = key.sign(&random, message) {
                    give(signature.as_ref());
                }
            })
        }
        Algorithm::Rs256 | Algorithm::Ps256 => {
            let key = rsa(private)?;
            Box::new(move |message, give| {
                let padding: &dyn ring::signature::RsaEncoding = match algorithm {
                    Algorithm::Rs256 => &RSA_PKCS1_SHA256,
                    _ => &RSA_PSS_SHA256,
                };
                let mut signature = [0; 256];
                if key.sign(padding, &random, message, &mut signature).is_ok() {
                    give(&signature);
                }
            })
        }
        other => return Err(format!("{other} is not measured").into()),
    })
}

fn kind(algorithm: Algorithm) -> Result<&'static dyn VerificationAlgorithm, Failure> {
    Ok(match algorithm {
        Algorithm::EdDsa => &ED25519,
        Algorithm::Es256 => &ECDSA_P256_SHA256_FIXED,
        Algorithm::Rs256 => &RSA_PKCS1_2048_8192_SHA256,
        Algorithm::Ps256 => &RSA_PSS_2048_8192_SHA256,
        other => return Err(format!("{other} has no public keys that are measured").into()),
    })
}

fn ed25519(pkcs8: &[u8]) -> Result<Ed25519KeyPair, Failure> {
    Ed25519KeyPair::from_pkcs8_maybe_unchecked(pkcs8).map_err(|it| it.to_string().into())
}

fn p256(pkcs8: &[u8]) -> Result<EcdsaKeyPair, Failure> {
    EcdsaKeyPair::from_pkcs8(
        &ECDSA_P256_SHA256_FIXED_SIGNING,
        pkcs8,
        &SystemRandom::new(),
    )
    .map_err(|it| it.to_string().into())
}

fn rsa(pkcs8: &[u8]) -> Result<RsaKeyPair, Failure> {
    RsaKeyPair::from_pkcs8(pkcs8).map_err(|it| it.to_string().into())
}
