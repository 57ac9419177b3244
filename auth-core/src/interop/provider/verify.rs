//! Verifying, by our own keys, whose checks are then the same. ECDSA goes
//! straight to ring, which checks the point each time it verifies: our own
//! check of it would be a key agreement more for each token.

use jsonwebtoken::crypto::JwtVerifier;
use jsonwebtoken::errors::{Error, ErrorKind, new_error};
use jsonwebtoken::signature::{self, Verifier};
use jsonwebtoken::{Algorithm as Theirs, DecodingKey};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, EcdsaVerificationAlgorithm, UnparsedPublicKey,
};

use super::refused;
use crate::interop::keys::{check_family, coordinates, verifying_key};
use crate::interop::verifier::KeyVerifier;
use crate::key::{Algorithm, KeyError};

pub(super) fn verifier(theirs: Theirs, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>, Error> {
    let algorithm =
        Algorithm::try_from(theirs).map_err(|_| new_error(ErrorKind::UnsupportedAlgorithm))?;
    let verifier = check_family(key.family(), algorithm).and_then(|()| match algorithm {
        Algorithm::Es256 => ecdsa(theirs, key, "P-256", &ECDSA_P256_SHA256_FIXED),
        Algorithm::Es384 => ecdsa(theirs, key, "P-384", &ECDSA_P384_SHA384_FIXED),
        _ => {
            let key = verifying_key(key, algorithm)?;
            Ok(Box::new(KeyVerifier::from(key)) as Box<dyn JwtVerifier>)
        }
    });
    verifier.map_err(|reason| refused(key.family(), reason))
}

fn ecdsa(
    algorithm: Theirs,
    key: &DecodingKey,
    crv: &str,
    kind: &'static EcdsaVerificationAlgorithm,
) -> Result<Box<dyn JwtVerifier>, KeyError> {
    let point = key.try_get_as_bytes().map_err(|_| KeyError::WrongType)?;
    let (of, ..) = coordinates(point).ok_or(KeyError::Malformed)?;
    if of != crv {
        return Err(KeyError::WrongType);
    }
    let key = UnparsedPublicKey::new(kind, point.to_vec());
    Ok(Box::new(Point { key, algorithm }))
}

struct Point {
    key: UnparsedPublicKey<Vec<u8>>,
    algorithm: Theirs,
}

impl Verifier<Vec<u8>> for Point {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        self.key
            .verify(message, signature)
            .map_err(|_| signature::Error::new())
    }
}

impl JwtVerifier for Point {
    fn algorithm(&self) -> Theirs {
        self.algorithm
    }
}
