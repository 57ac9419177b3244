//! From a stored key to one that signs, and back.

use std::sync::Arc;

use auth_core::key::{Algorithm, Backend, SigningKey};
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

/// Draws a key that `backend` signs with, sealed under the active root secret.
pub(super) fn new_key(
    backend: Backend,
    roots: &RootSecrets,
    random: &dyn SecureRandom,
) -> Result<NewSigningKey, EntropyError> {
    let key =
        SigningKey::generate_on(backend, Algorithm::EdDsa, random).map_err(|_| EntropyError)?;
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

/// Opens a stored key, and prepares it for `backend`. It is the one its id says,
/// or none.
pub(super) fn unseal(
    sealed: &SealedKey,
    roots: &RootSecrets,
    backend: Backend,
) -> Result<Arc<SigningKey>, KeyLoadError> {
    let der = sealed
        .private
        .open(roots, &place(&sealed.kid))
        .map_err(|error| match error {
            UnsealError::UnknownRoot(_) => KeyLoadError::ForeignRoot,
            _ => KeyLoadError::Damaged,
        })?;
    let algorithm = Algorithm::from_name(&sealed.algorithm).ok_or(KeyLoadError::Damaged)?;
    let key = SigningKey::from_pkcs8(der.expose(), algorithm)
        .and_then(|key| key.with_backend(backend))
        .map_err(|_| KeyLoadError::Damaged)?;
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
    backend: Backend,
    random: &dyn SecureRandom,
) -> Result<Option<Sealed>, KeyLoadError> {
    let active = roots.active();
    if sealed.private.root() == Some(active.id()) {
        return Ok(None);
    }
    let key = unseal(sealed, roots, backend)?;
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
