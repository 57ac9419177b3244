//! AWS-LC, which keeps public keys parsed.

use auth_core::key::Algorithm;
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519, EcdsaKeyPair,
    Ed25519KeyPair, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_SHA256, RsaEncoding, RsaKeyPair, VerificationAlgorithm,
};

use super::AWS_LC;
use crate::Failure;
use crate::tokens::case::Case;
use crate::tokens::contender::{Depth, Issuing, Verifying};

pub(in crate::tokens) fn verifying(case: &Case) -> Result<Verifying, Failure> {
    let kind: &'static dyn VerificationAlgorithm = match case.algorithm {
        Algorithm::EdDsa => &ED25519,
        Algorithm::Es256 => &ECDSA_P256_SHA256_FIXED,
        Algorithm::Rs256 => &RSA_PKCS1_2048_8192_SHA256,
        Algorithm::Ps256 => &RSA_PSS_2048_8192_SHA256,
        _ => {
            let key = hmac::Key::new(hmac::HMAC_SHA256, &case.public);
            return Ok(Verifying::new(AWS_LC, Depth::Signature, move |token| {
                hmac::verify(&key, token.signed(), token.signature()).is_ok()
            }));
        }
    };
    let key = ParsedPublicKey::new(kind, &case.public)?;
    Ok(Verifying::new(AWS_LC, Depth::Signature, move |token| {
        key.verify_sig(token.signed(), token.signature()).is_ok()
    }))
}

pub(in crate::tokens) fn issuing(case: &Case) -> Result<Issuing, Failure> {
    let message = case.unsigned.clone().into_bytes();
    let random = SystemRandom::new();
    Ok(match case.algorithm {
        Algorithm::EdDsa => {
            let key = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&case.private)?;
            Issuing::new(AWS_LC, Depth::Signature, move |give| {
                give(key.sign(&message).as_ref());
            })
        }
        Algorithm::Es256 => {
            let kind = &ECDSA_P256_SHA256_FIXED_SIGNING;
            let key = EcdsaKeyPair::from_pkcs8(kind, &case.private)?;
            Issuing::new(AWS_LC, Depth::Signature, move |give| {
                if let Ok(signature) = key.sign(&random, &message) {
                    give(signature.as_ref());
                }
            })
        }
        Algorithm::Rs256 => rsa(case, &RSA_PKCS1_SHA256)?,
        Algorithm::Ps256 => rsa(case, &RSA_PSS_SHA256)?,
        _ => {
            let key = hmac::Key::new(hmac::HMAC_SHA256, &case.private);
            Issuing::new(AWS_LC, Depth::Signature, move |give| {
                give(hmac::sign(&key, &message).as_ref());
            })
        }
    })
}

fn rsa(case: &Case, padding: &'static dyn RsaEncoding) -> Result<Issuing, Failure> {
    let key = RsaKeyPair::from_pkcs8(&case.private)?;
    let message = case.unsigned.clone().into_bytes();
    let random = SystemRandom::new();
    Ok(Issuing::new(AWS_LC, Depth::Signature, move |give| {
        let mut signature = [0; 256];
        if key.sign(padding, &random, &message, &mut signature).is_ok() {
            give(&signature);
        }
    }))
}
