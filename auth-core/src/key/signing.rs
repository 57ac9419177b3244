//! Private keys.

use std::fmt;

use pkcs8::SecretDocument;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
};

use super::algorithm::{Algorithm, Family};
use super::backend::{Backend, MAX_SIGNATURE, Sign};
use super::error::KeyError;
use super::material::{Private, Public};
use super::verifying::VerifyingKey;
use crate::random::{EntropyError, SecureRandom, draw};
use crate::secret::Secret;

/// A key that signs, bound to one algorithm, prepared for one backend.
pub struct SigningKey {
    private: Private,
    public: VerifyingKey,
    prepared: Box<dyn Sign>,
}

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
        Self::generate_for(Algorithm::EdDsa, random).map_err(|_| EntropyError)
    }

    /// Draws a new key. ECDSA keys are drawn by ring, from the operating
    /// system; RSA keys come from elsewhere.
    ///
    /// # Errors
    /// [`KeyError::Backend`] when there is no randomness, and for RSA.
    pub fn generate_for(algorithm: Algorithm, random: &dyn SecureRandom) -> Result<Self, KeyError> {
        let system = ring::rand::SystemRandom::new();
        let ecdsa =
            |kind| EcdsaKeyPair::generate_pkcs8(kind, &system).map_err(|_| KeyError::Backend);
        match algorithm.family() {
            Family::Ed25519 => {
                let seed = draw::<32>(random)
                    .map(Secret::new)
                    .map_err(|_| KeyError::Backend)?;
                let pkcs8 = Secret::new([&PKCS8_ED25519[..], seed.expose()].concat());
                Self::from_pkcs8(pkcs8.expose(), algorithm)
            }
            Family::P256 => {
                Self::from_pkcs8(ecdsa(&ECDSA_P256_SHA256_FIXED_SIGNING)?.as_ref(), algorithm)
            }
            Family::P384 => {
                Self::from_pkcs8(ecdsa(&ECDSA_P384_SHA384_FIXED_SIGNING)?.as_ref(), algorithm)
            }
            Family::Hmac => {
                let secret = draw::<64>(random)
                    .map(Secret::new)
                    .map_err(|_| KeyError::Backend)?;
                Self::hmac(secret.expose(), algorithm)
            }
            Family::Rsa => Err(KeyError::Backend),
        }
    }

    /// Reads PKCS#8 DER, unencrypted (RFC 5208, RFC 5958).
    ///
    /// # Errors
    /// [`KeyError`] names what is wrong with it.
    pub fn from_pkcs8(der: &[u8], algorithm: Algorithm) -> Result<Self, KeyError> {
        let public = Public::of_pkcs8(der, algorithm.family())?;
        let private = Private::Pkcs8(Secret::new(der.to_vec()));
        Self::prepare(private, VerifyingKey::new(algorithm, public)?)
    }

    /// Reads a PEM private key (`BEGIN PRIVATE KEY`, RFC 7468 §10).
    ///
    /// # Errors
    /// [`KeyError`] names what is wrong with it.
    pub fn from_pem(pem: &str, algorithm: Algorithm) -> Result<Self, KeyError> {
        let (label, der) = SecretDocument::from_pem(pem).map_err(|_| KeyError::Malformed)?;
        if label != "PRIVATE KEY" {
            return Err(KeyError::Malformed);
        }
        Self::from_pkcs8(der.as_bytes(), algorithm)
    }

    /// A shared secret of at least the hash's length (RFC 7518 §3.2).
    ///
    /// # Errors
    /// [`KeyError`] when it is too short, or the algorithm is no HMAC.
    pub fn hmac(secret: &[u8], algorithm: Algorithm) -> Result<Self, KeyError> {
        let public = VerifyingKey::hmac(secret, algorithm)?;
        Self::prepare(Private::Hmac(Secret::new(secret.to_vec())), public)
    }

    /// The same key under another id.
    ///
    /// # Errors
    /// [`KeyError::KeyId`] when it is longer than 256 bytes.
    pub fn with_kid(self, kid: &str) -> Result<Self, KeyError> {
        Ok(Self {
            public: self.public.with_kid(kid)?,
            ..self
        })
    }

    /// The same key, prepared for another library.
    ///
    /// # Errors
    /// [`KeyError`] when the library does not take it.
    pub fn with_backend(self, backend: Backend) -> Result<Self, KeyError> {
        Self::prepare(self.private, self.public.with_backend(backend)?)
    }

    fn prepare(private: Private, public: VerifyingKey) -> Result<Self, KeyError> {
        let prepared = public.backend().signer(public.algorithm(), &private)?;
        Ok(Self {
            private,
            public,
            prepared,
        })
    }

    /// The private key itself: PKCS#8 DER, or the shared secret. Whoever has
    /// it is the issuer.
    pub const fn expose(&self) -> &Secret<Vec<u8>> {
        match &self.private {
            Private::Pkcs8(bytes) | Private::Hmac(bytes) => bytes,
        }
    }

    /// The half that verifies.
    pub const fn verifying_key(&self) -> &VerifyingKey {
        &self.public
    }

    /// Hands the signature of `message` to `with`; `None` when the library
    /// has no randomness.
    pub(crate) fn sign<T>(&self, message: &[u8], with: impl FnOnce(&[u8]) -> T) -> Option<T> {
        let mut signature = [0; MAX_SIGNATURE];
        let len = self.prepared.sign(message, &mut signature)?;
        signature.get(..len).map(with)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("public", &self.public)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SystemRandom;

    const GENERATED: &[Algorithm] = &[
        Algorithm::EdDsa,
        Algorithm::Es256,
        Algorithm::Es384,
        Algorithm::Hs256,
        Algorithm::Hs384,
        Algorithm::Hs512,
    ];

    #[test]
    fn every_generated_key_signs_for_itself_on_every_backend() {
        for &algorithm in GENERATED {
            for &signer in Backend::ALL {
                let key = SigningKey::generate_for(algorithm, &SystemRandom::new()).unwrap();
                let key = key.with_backend(signer).unwrap();
                let signature = key.sign(b"x", <[u8]>::to_vec).unwrap();
                for &verifier in Backend::ALL {
                    let public = key.verifying_key().clone().with_backend(verifier).unwrap();
                    assert!(
                        public.verifies(b"x", &signature),
                        "{algorithm} {signer:?} {verifier:?}"
                    );
                    assert!(
                        !public.verifies(b"y", &signature),
                        "{algorithm} {signer:?} {verifier:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_key_survives_its_pkcs8_form() {
        for algorithm in [Algorithm::EdDsa, Algorithm::Es256, Algorithm::Es384] {
            let key = SigningKey::generate_for(algorithm, &SystemRandom::new()).unwrap();
            let again = SigningKey::from_pkcs8(key.expose().expose(), algorithm).unwrap();
            assert_eq!(key.verifying_key().kid(), again.verifying_key().kid());
        }
    }

    #[test]
    fn what_is_no_key_of_the_algorithm_is_refused() {
        for &algorithm in Algorithm::ALL {
            for bad in [&b""[..], b"x", &PKCS8_ED25519, &[0; 31]] {
                assert!(
                    SigningKey::from_pkcs8(bad, algorithm).is_err(),
                    "{algorithm}"
                );
                assert!(
                    VerifyingKey::from_der(bad, algorithm).is_err(),
                    "{algorithm}"
                );
            }
        }
        let ed25519 = SigningKey::generate(&SystemRandom::new()).unwrap();
        let der = ed25519.expose().expose();
        assert!(SigningKey::from_pkcs8(der, Algorithm::Es256).is_err());
        assert!(SigningKey::from_pkcs8(der, Algorithm::Rs256).is_err());
    }

    #[test]
    fn debug_shows_no_private_byte() {
        let key = SigningKey::hmac(&[7; 32], Algorithm::Hs256).unwrap();
        let shown = format!("{key:?}");
        assert!(
            !shown.contains("7, 7") && !shown.contains("BwcHBw"),
            "{shown}"
        );
    }
}
