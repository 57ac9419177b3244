//! Signing. Straight to ring: our own keys check their public half too, which
//! pays when a key is kept, and not when it is read for each token.

use jsonwebtoken::crypto::JwtSigner;
use jsonwebtoken::errors::{Error, ErrorKind, new_error};
use jsonwebtoken::signature::{self, Signer};
use jsonwebtoken::{Algorithm as Theirs, EncodingKey};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, Ed25519KeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512,
    RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512, RsaEncoding, RsaKeyPair,
};

use super::refused;
use crate::interop::keys::check_family;
use crate::interop::signer::KeySigner;
use crate::key::{Algorithm, KeyError, SigningKey};

pub(super) fn signer(theirs: Theirs, key: &EncodingKey) -> Result<Box<dyn JwtSigner>, Error> {
    let algorithm =
        Algorithm::try_from(theirs).map_err(|_| new_error(ErrorKind::UnsupportedAlgorithm))?;
    let pair = check_family(key.family(), algorithm).and_then(|()| match algorithm {
        Algorithm::Hs256 | Algorithm::Hs384 | Algorithm::Hs512 => {
            let key = SigningKey::hmac(key.as_bytes(), algorithm)?;
            Ok(Box::new(KeySigner::from(key)) as Box<dyn JwtSigner>)
        }
        Algorithm::EdDsa => ed25519(theirs, key),
        Algorithm::Es256 => ecdsa(theirs, key, &ECDSA_P256_SHA256_FIXED_SIGNING),
        Algorithm::Es384 => ecdsa(theirs, key, &ECDSA_P384_SHA384_FIXED_SIGNING),
        Algorithm::Rs256 => rsa(theirs, key, &RSA_PKCS1_SHA256),
        Algorithm::Rs384 => rsa(theirs, key, &RSA_PKCS1_SHA384),
        Algorithm::Rs512 => rsa(theirs, key, &RSA_PKCS1_SHA512),
        Algorithm::Ps256 => rsa(theirs, key, &RSA_PSS_SHA256),
        Algorithm::Ps384 => rsa(theirs, key, &RSA_PSS_SHA384),
        Algorithm::Ps512 => rsa(theirs, key, &RSA_PSS_SHA512),
    });
    pair.map_err(|reason| refused(key.family(), reason))
}

/// A key pair of ring, and the algorithm that it was read for.
struct Pair<K> {
    key: K,
    algorithm: Theirs,
}

type Made = Result<Box<dyn JwtSigner>, KeyError>;

fn ed25519(algorithm: Theirs, key: &EncodingKey) -> Made {
    let key = Ed25519KeyPair::from_pkcs8_maybe_unchecked(key.as_bytes())
        .map_err(|_| KeyError::Malformed)?;
    Ok(Box::new(Pair { key, algorithm }))
}

fn ecdsa(algorithm: Theirs, key: &EncodingKey, kind: &'static EcdsaSigningAlgorithm) -> Made {
    let key = EcdsaKeyPair::from_pkcs8(kind, key.as_bytes(), &SystemRandom::new())
        .map_err(|_| KeyError::Malformed)?;
    Ok(Box::new(Pair { key, algorithm }))
}

fn rsa(algorithm: Theirs, key: &EncodingKey, padding: &'static dyn RsaEncoding) -> Made {
    let key = RsaKeyPair::from_der(key.as_bytes()).map_err(|_| KeyError::Malformed)?;
    let key = Rsa { key, padding };
    Ok(Box::new(Pair { key, algorithm }))
}

struct Rsa {
    key: RsaKeyPair,
    padding: &'static dyn RsaEncoding,
}

impl Signer<Vec<u8>> for Pair<Ed25519KeyPair> {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, signature::Error> {
        Ok(self.key.sign(message).as_ref().to_vec())
    }
}

impl Signer<Vec<u8>> for Pair<EcdsaKeyPair> {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, signature::Error> {
        let signature = self.key.sign(&SystemRandom::new(), message);
        signature
            .map(|signature| signature.as_ref().to_vec())
            .map_err(|_| signature::Error::new())
    }
}

impl Signer<Vec<u8>> for Pair<Rsa> {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, signature::Error> {
        let Rsa { key, padding } = &self.key;
        let mut signature = vec![0; key.public().modulus_len()];
        key.sign(*padding, &SystemRandom::new(), message, &mut signature)
            .map_err(|_| signature::Error::new())?;
        Ok(signature)
    }
}

impl<K> JwtSigner for Pair<K>
where
    Self: Signer<Vec<u8>>,
{
    fn algorithm(&self) -> Theirs {
        self.algorithm
    }
}
