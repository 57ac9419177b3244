//! From a stored key to one that signs, and back.

use std::sync::Arc;

use auth_core::key::{Algorithm, SigningKey};
use auth_core::{EntropyError, RootSecrets, Sealed, SecureRandom, UnsealError};
use auth_store::{NewSigningKey, SealedKey, StoreError};

/// Stored keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyLoadError {
    #[error("the store keeps no signing keys")]
    None,
    #[error("a signing key is sealed under a root secret that is not known here")]
    ForeignRoot,
    #[error("a stored signing key is damaged")]
    Damaged,
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Draws a key, sealed under the active root secret.
pub(crate) fn new_key(
    roots: &RootSecrets,
    random: &dyn SecureRandom,
) -> Result<NewSigningKey, EntropyError> {
    let key = SigningKey::generate(random)?;
    let public = key.verifying_key();
    Ok(NewSigningKey {
        kid: public.kid().to_owned(),
        algorithm: public.algorithm().as_str().to_owned(),
        private: Sealed::seal(
            roots.active(),
            &place(public.kid()),
            key.expose().expose(),
            random,
        )?,
    })
}

/// Opens a stored key. It is the one its id says, or none.
pub(super) fn unseal(
    sealed: &SealedKey,
    roots: &RootSecrets,
) -> Result<Arc<SigningKey>, KeyLoadError> {
    let der = sealed
        .private
        .open(roots, &place(&sealed.kid))
        .map_err(|error| match error {
            UnsealError::UnknownRoot(_) => KeyLoadError::ForeignRoot,
            _ => KeyLoadError::Damaged,
        })?;
    let algorithm = Algorithm::from_name(&sealed.algorithm).ok_or(KeyLoadError::Damaged)?;
    let key = SigningKey::from_pkcs8(der.expose(), algorithm).map_err(|_| KeyLoadError::Damaged)?;
    if key.verifying_key().thumbprint().to_string() == sealed.kid {
        Ok(Arc::new(key))
    } else {
        Err(KeyLoadError::Damaged)
    }
}

/// The same key, sealed under the active root secret; `None` if it is already.
pub(super) fn seal_anew(
    sealed: &SealedKey,
    roots: &RootSecrets,
    random: &dyn SecureRandom,
) -> Result<Option<Sealed>, KeyLoadError> {
    let active = roots.active();
    if sealed.private.root() == Some(active.id()) {
        return Ok(None);
    }
    let key = unseal(sealed, roots)?;
    let der = key.expose().expose();
    Ok(Some(Sealed::seal(
        active,
        &place(&sealed.kid),
        der,
        random,
    )?))
}

/// Binds a sealed key to the row it is in.
fn place(kid: &str) -> Vec<u8> {
    [b"auth signing key v1 ", kid.as_bytes()].concat()
}
