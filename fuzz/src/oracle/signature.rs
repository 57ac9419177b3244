//! A signature by ring itself.

use auth_core::key::Algorithm;
use ring::hmac;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaPublicKeyComponents, UnparsedPublicKey,
};

use crate::fixture::{Known, Material};

pub(super) fn verifies(key: &Known, message: &[u8], signature: &[u8]) -> bool {
    match &key.material {
        Material::Secret(secret) => {
            let hash = match key.algorithm {
                Algorithm::Hs256 => hmac::HMAC_SHA256,
                Algorithm::Hs384 => hmac::HMAC_SHA384,
                _ => hmac::HMAC_SHA512,
            };
            let key = hmac::Key::new(hash, secret);
            hmac::sign(&key, message).as_ref() == signature
        }
        Material::Point(point) if key.algorithm == Algorithm::EdDsa => {
            UnparsedPublicKey::new(&ED25519, point)
                .verify(message, signature)
                .is_ok()
        }
        Material::Point(point) => {
            let kind = match key.algorithm {
                Algorithm::Es256 => &ECDSA_P256_SHA256_FIXED,
                _ => &ECDSA_P384_SHA384_FIXED,
            };
            UnparsedPublicKey::new(kind, point)
                .verify(message, signature)
                .is_ok()
        }
        Material::Rsa { n, e } => {
            let kind = match key.algorithm {
                Algorithm::Rs256 => &RSA_PKCS1_2048_8192_SHA256,
                Algorithm::Rs384 => &RSA_PKCS1_2048_8192_SHA384,
                Algorithm::Rs512 => &RSA_PKCS1_2048_8192_SHA512,
                Algorithm::Ps256 => &RSA_PSS_2048_8192_SHA256,
                Algorithm::Ps384 => &RSA_PSS_2048_8192_SHA384,
                _ => &RSA_PSS_2048_8192_SHA512,
            };
            let key = RsaPublicKeyComponents { n, e };
            key.verify(kind, message, signature).is_ok()
        }
    }
}
