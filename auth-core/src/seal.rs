//! Sealing: what leaves the process for a store that must not read it
//! (AES-256-GCM under a key of the root secret).

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hmac;
use zeroize::Zeroizing;

use crate::random::{EntropyError, SecureRandom, draw};
use crate::root::{RootKeyId, RootSecret, RootSecrets};
use crate::secret::Secret;

/// Sealed bytes: root key id (4) ‖ nonce (12) ‖ ciphertext and tag.
///
/// Nonces are random, which is safe for the few thousand values that are ever
/// sealed under one root secret (NIST SP 800-38D §8.3 allows 2³²).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed(Vec<u8>);

/// Sealed bytes cannot be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnsealError {
    /// They name a root secret that this instance does not have.
    #[error("sealed under a root secret that is not known here")]
    UnknownRoot(RootKeyId),
    /// They were altered, cut, or belong somewhere else.
    #[error("sealed data is corrupt or belongs to another place")]
    Corrupt,
}

const HEADER: usize = 4 + NONCE_LEN;

impl Sealed {
    /// Seals `plain` under the active root secret. `context` is not kept; the
    /// same context is needed to open, which binds the value to its place.
    ///
    /// # Errors
    /// [`EntropyError`] when the source of randomness fails.
    pub fn seal(
        root: &RootSecret,
        context: &[u8],
        plain: &[u8],
        random: &dyn SecureRandom,
    ) -> Result<Self, EntropyError> {
        Self::seal_under(key(root), root, context, plain, random)
    }

    /// As [`seal`](Self::seal), under a key of the context's own: as many values
    /// as there are contexts may be sealed so.
    pub(crate) fn seal_apart(
        root: &RootSecret,
        context: &[u8],
        plain: &[u8],
        random: &dyn SecureRandom,
    ) -> Result<Self, EntropyError> {
        Self::seal_under(key_apart(root, context), root, context, plain, random)
    }

    fn seal_under(
        key: Result<LessSafeKey, ring::error::Unspecified>,
        root: &RootSecret,
        context: &[u8],
        plain: &[u8],
        random: &dyn SecureRandom,
    ) -> Result<Self, EntropyError> {
        let nonce: [u8; NONCE_LEN] = draw(random)?;
        let mut body = plain.to_vec();
        let tag = key
            .and_then(|key| {
                key.seal_in_place_separate_tag(
                    Nonce::assume_unique_for_key(nonce),
                    Aad::from(context),
                    &mut body,
                )
            })
            // Fails only beyond 64 GiB.
            .map_err(|_| EntropyError)?;
        Ok(Self(
            [&root.id().0[..], &nonce, &body, tag.as_ref()].concat(),
        ))
    }

    /// Opens what [`seal`](Self::seal) sealed with the same context.
    ///
    /// # Errors
    /// [`UnsealError`] when the root secret is not known, or the bytes are not
    /// exactly what was sealed for this context.
    pub fn open(
        &self,
        roots: &RootSecrets,
        context: &[u8],
    ) -> Result<Secret<Vec<u8>>, UnsealError> {
        self.open_under(roots, context, key)
    }

    /// Opens what [`seal_apart`](Self::seal_apart) sealed.
    pub(crate) fn open_apart(
        &self,
        roots: &RootSecrets,
        context: &[u8],
    ) -> Result<Secret<Vec<u8>>, UnsealError> {
        self.open_under(roots, context, |root| key_apart(root, context))
    }

    fn open_under(
        &self,
        roots: &RootSecrets,
        context: &[u8],
        key: impl FnOnce(&RootSecret) -> Result<LessSafeKey, ring::error::Unspecified>,
    ) -> Result<Secret<Vec<u8>>, UnsealError> {
        let (header, body) = self
            .0
            .split_at_checked(HEADER)
            .ok_or(UnsealError::Corrupt)?;
        let (id, nonce) = header.split_first_chunk().ok_or(UnsealError::Corrupt)?;
        let root = roots
            .find(RootKeyId(*id))
            .ok_or(UnsealError::UnknownRoot(RootKeyId(*id)))?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| UnsealError::Corrupt)?;
        let mut body = Zeroizing::new(body.to_vec());
        let plain = key(root)
            .and_then(|key| key.open_in_place(nonce, Aad::from(context), &mut body))
            .map_err(|_| UnsealError::Corrupt)?;
        Ok(Secret::new(plain.to_vec()))
    }

    /// The root secret that they say they were sealed under; nothing is
    /// believed of it before [`open`](Self::open). `None` for bytes that cannot
    /// have been sealed.
    pub fn root(&self) -> Option<RootKeyId> {
        self.0.first_chunk().copied().map(RootKeyId)
    }

    /// The bytes, for a store to keep.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Takes bytes that a store kept. Nothing is believed of them before
    /// [`open`](Self::open).
    pub const fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

fn key(root: &RootSecret) -> Result<LessSafeKey, ring::error::Unspecified> {
    UnboundKey::new(&AES_256_GCM, root.seal().expose()).map(LessSafeKey::new)
}

fn key_apart(root: &RootSecret, context: &[u8]) -> Result<LessSafeKey, ring::error::Unspecified> {
    let seal = hmac::Key::new(hmac::HMAC_SHA256, root.seal().expose());
    let key = hmac::sign(&seal, context);
    UnboundKey::new(&AES_256_GCM, key.as_ref()).map(LessSafeKey::new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SystemRandom;

    fn root() -> RootSecret {
        RootSecret::generate(&SystemRandom::new()).unwrap()
    }

    #[test]
    fn what_is_sealed_opens_in_its_place_only() {
        let active = root();
        let sealed = Sealed::seal(&active, b"here", b"plain", &SystemRandom::new()).unwrap();
        assert_eq!(sealed.root(), Some(active.id()));
        let roots = RootSecrets::from(active);
        assert_eq!(sealed.open(&roots, b"here").unwrap().expose(), b"plain");
        assert_eq!(
            sealed.open(&roots, b"there").err(),
            Some(UnsealError::Corrupt)
        );
    }

    #[test]
    fn any_changed_or_missing_byte_is_noticed() {
        let active = root();
        let sealed = Sealed::seal(&active, b"", b"plain", &SystemRandom::new()).unwrap();
        let roots = RootSecrets::from(active);
        for index in 0..sealed.as_bytes().len() {
            let mut bytes = sealed.as_bytes().to_vec();
            bytes[index] ^= 1;
            assert!(
                Sealed::from_bytes(bytes).open(&roots, b"").is_err(),
                "byte {index}"
            );
            let cut = sealed.as_bytes()[..index].to_vec();
            assert!(
                Sealed::from_bytes(cut).open(&roots, b"").is_err(),
                "cut at {index}"
            );
        }
    }

    #[test]
    fn a_retired_root_secret_still_opens_and_a_foreign_one_is_named() {
        let old = root();
        let sealed = Sealed::seal(&old, b"", b"plain", &SystemRandom::new()).unwrap();
        let known = RootSecrets::new(root()).with_other(old.clone()).unwrap();
        assert!(sealed.open(&known, b"").is_ok());
        let foreign = RootSecrets::new(root());
        assert_eq!(
            sealed.open(&foreign, b"").err(),
            Some(UnsealError::UnknownRoot(old.id()))
        );
    }
}
