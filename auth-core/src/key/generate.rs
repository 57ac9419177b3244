//! New keys.

use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm,
};

use super::algorithm::{Algorithm, Family};
use super::backend::Backend;
use super::error::KeyError;
use super::pkcs8::Parts;
use super::signing::SigningKey;
use crate::random::{EntropyError, SecureRandom, draw};
use crate::secret::Secret;

/// How long the modulus of a new RSA key is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RsaSize {
    /// 2048 bits, 112 bits of strength: allowed by NIST until the end of 2030.
    #[default]
    Bits2048,
    /// 3072 bits, 128 bits of strength.
    Bits3072,
    /// 4096 bits.
    Bits4096,
}

impl SigningKey {
    /// Draws a new Ed25519 key.
    ///
    /// # Errors
    /// [`EntropyError`] when the source of randomness fails.
    pub fn generate(random: &dyn SecureRandom) -> Result<Self, EntropyError> {
        Self::generate_for(Algorithm::EdDsa, random).map_err(|_| EntropyError)
    }

    /// Draws a new key on the default backend, as
    /// [`generate_on`](Self::generate_on) does.
    ///
    /// # Errors
    /// [`KeyError::Entropy`] when there is no randomness, [`KeyError::Backend`]
    /// for RSA.
    pub fn generate_for(algorithm: Algorithm, random: &dyn SecureRandom) -> Result<Self, KeyError> {
        Self::generate_on(Backend::default(), algorithm, random)
    }

    /// Draws a new key and prepares it for this backend. A secret is as long as
    /// its hash; an RSA key has the default [`RsaSize`].
    ///
    /// Ed25519 keys and secrets are drawn from `random`. The libraries draw
    /// ECDSA and RSA keys from the operating system and nowhere else; `random`
    /// is asked for a sign of life first, so that a source that fails makes no
    /// key of any kind.
    ///
    /// # Errors
    /// [`KeyError::Entropy`] when there is no randomness, [`KeyError::Backend`]
    /// when the backend generates no such keys: ring has no RSA.
    ///
    /// ```
    /// use auth_core::SystemRandom;
    /// use auth_core::key::{Algorithm, Backend, SigningKey};
    ///
    /// let key = SigningKey::generate_on(Backend::Ring, Algorithm::Es256, &SystemRandom::new())?;
    /// assert!(key.to_pkcs8_pem().is_some());
    /// # Ok::<(), auth_core::key::KeyError>(())
    /// ```
    pub fn generate_on(
        backend: Backend,
        algorithm: Algorithm,
        random: &dyn SecureRandom,
    ) -> Result<Self, KeyError> {
        let key = match algorithm.family() {
            Family::Rsa => {
                return Self::generate_rsa(backend, algorithm, RsaSize::default(), random);
            }
            Family::Ed25519 => {
                let seed = draw::<32>(random).map(Secret::new)?;
                let parts = Parts::Ed25519 {
                    seed: seed.expose(),
                    public: None,
                };
                Self::from_pkcs8(parts.to_der()?.expose(), algorithm)
            }
            Family::P256 => ecdsa(&ECDSA_P256_SHA256_FIXED_SIGNING, algorithm, random),
            Family::P384 => ecdsa(&ECDSA_P384_SHA384_FIXED_SIGNING, algorithm, random),
            Family::Hmac => {
                let secret = draw::<64>(random).map(Secret::new)?;
                let (secret, _) = secret.expose().split_at(algorithm.hash_len());
                Self::hmac(secret, algorithm)
            }
        };
        Ok(key?.with_backend(backend)?.drawn())
    }

    /// Draws a new RSA key of this size, as [`generate_on`](Self::generate_on)
    /// does. It takes from a tenth of a second to several.
    ///
    /// # Errors
    /// [`KeyError::Entropy`] when there is no randomness, [`KeyError::Backend`]
    /// when the backend generates none, as ring; [`KeyError::WrongType`] when
    /// the algorithm is not of RSA.
    pub fn generate_rsa(
        backend: Backend,
        algorithm: Algorithm,
        size: RsaSize,
        random: &dyn SecureRandom,
    ) -> Result<Self, KeyError> {
        if algorithm.family() != Family::Rsa {
            return Err(KeyError::WrongType);
        }
        draw::<32>(random).map(Secret::new)?;
        let der = backend.generate_rsa(size)?;
        let key = Self::from_pkcs8(der.expose(), algorithm)?;
        Ok(key.with_backend(backend)?.drawn())
    }
}

fn ecdsa(
    kind: &'static EcdsaSigningAlgorithm,
    algorithm: Algorithm,
    random: &dyn SecureRandom,
) -> Result<SigningKey, KeyError> {
    draw::<32>(random).map(Secret::new)?;
    let der = EcdsaKeyPair::generate_pkcs8(kind, &SystemRandom::new());
    SigningKey::from_pkcs8(der.map_err(|_| KeyError::Entropy)?.as_ref(), algorithm)
}
