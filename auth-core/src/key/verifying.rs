//! Public keys, ready to verify.

use std::fmt;

use ring::signature::{ED25519, UnparsedPublicKey};

use super::algorithm::Algorithm;
use super::jwk::{Jwk, ed25519_thumbprint};

/// A public key, bound to one algorithm.
#[derive(Clone)]
pub struct VerifyingKey {
    kid: String,
    algorithm: Algorithm,
    public: [u8; 32],
}

impl VerifyingKey {
    /// An Ed25519 public key (RFC 8037); its id is its RFC 7638 thumbprint.
    pub fn ed25519(public: [u8; 32]) -> Self {
        Self {
            kid: ed25519_thumbprint(&public),
            algorithm: Algorithm::EdDsa,
            public,
        }
    }

    /// The key id.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The one algorithm it is used with.
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Its public form.
    pub fn to_jwk(&self) -> Jwk {
        Jwk::ed25519(&self.public, &self.kid)
    }

    /// Whether `signature` is this key's over `message`. A signature of
    /// another length is no signature.
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.public)
            .verify(message, signature)
            .is_ok()
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyingKey")
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}
