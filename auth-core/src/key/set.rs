//! The keys of one issuer.

use std::sync::Arc;

use super::algorithm::Algorithm;
use super::jwk::Jwks;
use super::verifying::VerifyingKey;

/// Public keys of one issuer, each found by its id.
#[derive(Clone, Debug, Default)]
pub struct KeySet(Vec<Arc<VerifyingKey>>);

/// Two keys of a set have one id (RFC 7517 §4.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("two keys of the set have the same key id")]
pub struct DuplicateKeyId;

impl KeySet {
    /// A set of these keys.
    ///
    /// # Errors
    /// [`DuplicateKeyId`] when an id would not tell which key is meant.
    pub fn new(keys: impl IntoIterator<Item = VerifyingKey>) -> Result<Self, DuplicateKeyId> {
        let keys: Vec<_> = keys.into_iter().map(Arc::new).collect();
        let twice = keys
            .iter()
            .enumerate()
            .any(|(n, key)| keys[..n].iter().any(|earlier| earlier.kid() == key.kid()));
        if twice {
            Err(DuplicateKeyId)
        } else {
            Ok(Self(keys))
        }
    }

    /// The key that a token with this header is verified by: the one named,
    /// compared byte for byte; without a name the only one there is. A key
    /// bound to another algorithm is not found.
    pub fn find(&self, kid: Option<&str>, algorithm: Algorithm) -> Option<Arc<VerifyingKey>> {
        let key = match kid {
            Some(kid) => self.0.iter().find(|key| key.kid() == kid),
            None if self.0.len() == 1 => self.0.first(),
            None => None,
        };
        key.filter(|key| key.algorithm() == algorithm).cloned()
    }

    /// Whether a key has this id.
    pub fn contains(&self, kid: &str) -> bool {
        self.0.iter().any(|key| key.kid() == kid)
    }

    /// The set as it is published.
    pub fn to_jwks(&self) -> Jwks {
        Jwks {
            keys: self.0.iter().map(|key| key.to_jwk()).collect(),
        }
    }
}
