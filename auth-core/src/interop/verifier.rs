//! Our public key as a verifier of `jsonwebtoken`.

use jsonwebtoken::Algorithm;
use jsonwebtoken::crypto::JwtVerifier;
use jsonwebtoken::signature::{Error, Verifier};

use crate::key::VerifyingKey;

/// A [`VerifyingKey`] as a [`JwtVerifier`], for a `CryptoProvider` of one's
/// own. It verifies the key's one algorithm, on the key's backend. Clones
/// share the key.
///
/// It looks at signatures, not at claims: a token is verified by a
/// [`Verifier`](crate::verifier::Verifier).
#[derive(Clone, Debug)]
pub struct KeyVerifier(VerifyingKey);

impl From<VerifyingKey> for KeyVerifier {
    fn from(key: VerifyingKey) -> Self {
        Self(key)
    }
}

impl Verifier<Vec<u8>> for KeyVerifier {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), Error> {
        if self.0.verifies(message, signature) {
            Ok(())
        } else {
            Err(Error::new())
        }
    }
}

impl JwtVerifier for KeyVerifier {
    fn algorithm(&self) -> Algorithm {
        self.0.algorithm().into()
    }
}
