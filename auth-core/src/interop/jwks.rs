//! JWKs and sets of them, as types of `jsonwebtoken`.

use jsonwebtoken::jwk::{Jwk, JwkSet};

use crate::key::{KeyError, KeySet, KeySetError, VerifyingKey};

/// Our public key as a JWK of `jsonwebtoken`; `None` for a shared secret,
/// which is not published.
pub fn jwk(key: &VerifyingKey) -> Option<Jwk> {
    let jwk = serde_json::to_value(key.to_jwk()?).ok()?;
    serde_json::from_value(jwk).ok()
}

/// The public keys of a set, without shared secrets.
pub fn jwk_set(keys: &KeySet) -> JwkSet {
    JwkSet {
        keys: keys.iter().filter_map(jwk).collect(),
    }
}

/// A JWK of `jsonwebtoken` as one of our keys, as
/// [`VerifyingKey::from_jwk`] reads it. An RSA key without `alg` is taken for
/// RS256.
///
/// Not guaranteed: that a private key is noticed. `jsonwebtoken` drops the
/// private members of the types it knows when it reads a JWK; the text itself
/// is better read by [`VerifyingKey::from_jwk`].
///
/// # Errors
/// [`KeyError`] names what is wrong with it.
pub fn verifying_key_of_jwk(jwk: &Jwk) -> Result<VerifyingKey, KeyError> {
    let jwk = serde_json::to_string(jwk).map_err(|_| KeyError::Malformed)?;
    VerifyingKey::from_jwk(&jwk)
}

/// A set of `jsonwebtoken` as one of ours, as [`KeySet::from_jwks`] reads it:
/// with the keys that were skipped, each by its place and the reason. What is
/// said of private keys at [`verifying_key_of_jwk`] holds here too. Another
/// backend than the default is given to it by [`KeySet::with_backend`].
///
/// # Errors
/// [`KeySetError`] when an id stands twice, or a shared secret is shown.
pub fn key_set(set: &JwkSet) -> Result<(KeySet, Vec<(usize, KeyError)>), KeySetError> {
    let set = serde_json::to_string(set).map_err(|_| KeySetError::Malformed)?;
    KeySet::from_jwks(&set)
}
