//! Private keys.

use std::fmt;

use ring::signature::{Ed25519KeyPair, KeyPair};

use super::verifying::VerifyingKey;
use crate::random::{EntropyError, SecureRandom, draw};
use crate::secret::Secret;

/// A private key, bound to one algorithm.
pub struct SigningKey {
    pair: Ed25519KeyPair,
    public: VerifyingKey,
    pkcs8: Secret<Vec<u8>>,
}

/// Bytes are not a private key that may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an Ed25519 private key in PKCS#8")]
pub struct KeyError;

/// PKCS#8 v1 of an Ed25519 key up to its 32-byte seed (RFC 8410 §7).
const PKCS8_ED25519: [u8; 16] = [
    0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20,
];

impl SigningKey {
    /// Draws a new Ed25519 key.
    ///
    /// # Errors
    /// [`EntropyError`] when the source of randomness fails.
    pub fn generate(random: &dyn SecureRandom) -> Result<Self, EntropyError> {
        let seed = Secret::new(draw::<32>(random)?);
        let pkcs8 = Secret::new([&PKCS8_ED25519[..], seed.expose()].concat());
        // Any 32 bytes are a seed.
        Self::from_pkcs8(pkcs8.expose()).map_err(|_| EntropyError)
    }

    /// Reads an Ed25519 key from PKCS#8 DER, version 1 or 2 (RFC 8410 §7).
    ///
    /// # Errors
    /// [`KeyError`] when it is anything else.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, KeyError> {
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).map_err(|_| KeyError)?;
        let public = pair
            .public_key()
            .as_ref()
            .try_into()
            .map_err(|_| KeyError)?;
        Ok(Self {
            pair,
            public: VerifyingKey::ed25519(public),
            pkcs8: Secret::new(der.to_vec()),
        })
    }

    /// The key as PKCS#8 DER.
    pub const fn to_pkcs8(&self) -> &Secret<Vec<u8>> {
        &self.pkcs8
    }

    /// Its public half.
    pub const fn verifying_key(&self) -> &VerifyingKey {
        &self.public
    }

    pub(crate) fn sign(&self, message: &[u8]) -> impl AsRef<[u8]> + use<> {
        self.pair.sign(message)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("kid", &self.public.kid())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SystemRandom;

    #[test]
    fn a_key_survives_its_pkcs8_form() {
        let key = SigningKey::generate(&SystemRandom::new()).unwrap();
        let again = SigningKey::from_pkcs8(key.to_pkcs8().expose()).unwrap();
        assert_eq!(key.verifying_key().kid(), again.verifying_key().kid());
        assert!(again.verifying_key().verify(b"x", key.sign(b"x").as_ref()));
    }

    #[test]
    fn what_is_no_ed25519_key_is_refused() {
        for bad in [&b""[..], b"x", &PKCS8_ED25519, &[0; 48]] {
            assert_eq!(SigningKey::from_pkcs8(bad).err(), Some(KeyError));
        }
    }

    #[test]
    fn debug_shows_no_private_byte() {
        let key = SigningKey::generate(&SystemRandom::new()).unwrap();
        let kid = key.verifying_key().kid();
        assert_eq!(
            format!("{key:?}"),
            format!("SigningKey {{ kid: {kid:?}, .. }}")
        );
    }
}
