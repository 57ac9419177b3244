//! Private keys.

use std::fmt;
use std::sync::OnceLock;

use ::pkcs8::SecretDocument;

use super::algorithm::Algorithm;
use super::backend::{Backend, Sign};
use super::error::KeyError;
use super::jwk::{self, RawJwk, RawPrivate};
use super::material::{Private, Public};
use super::pem;
use super::pkcs8::Parts;
use super::verifying::VerifyingKey;
use crate::secret::Secret;

/// A key that signs, bound to one algorithm, prepared for one backend.
pub struct SigningKey {
    private: Private,
    public: VerifyingKey,
    prepared: Box<dyn Sign>,
    /// The header of the tokens that it signs, as it is written in them.
    token_header: OnceLock<Box<str>>,
    is_ephemeral: bool,
}

impl SigningKey {
    /// Reads PKCS#8 DER, unencrypted (RFC 5208, RFC 5958). An EC key must
    /// have its public half with it; an RSA key must be one of two primes with
    /// 2048, 3072 or 4096 bits and an exponent of at least 65537, which is what
    /// every backend signs with.
    ///
    /// All parts are checked to belong together, and an RSA key signs once,
    /// which takes some milliseconds.
    ///
    /// # Errors
    /// [`KeyError`] names what is wrong with it.
    pub fn from_pkcs8(der: &[u8], algorithm: Algorithm) -> Result<Self, KeyError> {
        Self::from_parts(&Parts::read(der)?, algorithm)
    }

    /// Reads a PEM private key (`BEGIN PRIVATE KEY`, RFC 7468 §10), as
    /// [`from_pkcs8`](Self::from_pkcs8) does.
    ///
    /// # Errors
    /// [`KeyError`] names what is wrong with it. `openssl pkcs8 -topk8
    /// -nocrypt` turns the older forms into this one.
    pub fn from_pem(pem: &str, algorithm: Algorithm) -> Result<Self, KeyError> {
        pem::check_label(pem, pem::PRIVATE)?;
        let (_, der) = SecretDocument::from_pem(pem).map_err(|_| KeyError::Malformed)?;
        Self::from_pkcs8(der.as_bytes(), algorithm)
    }

    /// Reads a private JWK (RFC 7518 §6, RFC 8037 §2), or a secret (`kty`
    /// `oct`). Its id is its `kid`, or its RFC 7638 thumbprint; its algorithm
    /// is its `alg`, or the one its type leaves (RS256 for RSA).
    ///
    /// Both halves must be there and belong together; RSA's two primes and
    /// their three companions too.
    ///
    /// # Errors
    /// [`KeyError`] names what is wrong with it.
    ///
    /// ```
    /// use auth_core::key::SigningKey;
    ///
    /// // RFC 8037 A.1.
    /// let key = SigningKey::from_jwk(
    ///     r#"{"kty":"OKP","crv":"Ed25519",
    ///         "d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
    ///         "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
    /// )?;
    /// assert_eq!(key.verifying_key().kid(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    /// # Ok::<(), auth_core::key::KeyError>(())
    /// ```
    pub fn from_jwk(json: &str) -> Result<Self, KeyError> {
        let jwk = RawJwk::parse(json)?;
        jwk.check_purpose("sign")?;
        let algorithm = jwk.algorithm()?;
        let public = jwk.public(algorithm)?;
        let key = if let Public::Hmac(secret) = public {
            Self::hmac(secret.expose(), algorithm)?
        } else {
            let private = RawPrivate::parse(json)?;
            private.parts(&public, |parts| Self::from_parts(parts, algorithm))?
        };
        match &jwk.kid {
            Some(kid) => key.with_kid(kid),
            None => Ok(key),
        }
    }

    fn from_parts(parts: &Parts<'_>, algorithm: Algorithm) -> Result<Self, KeyError> {
        if parts.family() != algorithm.family() {
            return Err(KeyError::WrongType);
        }
        let public = parts.check()?;
        let private = Private::Pkcs8(parts.to_der()?);
        Self::prepare(private, VerifyingKey::new(algorithm, public)?)
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
            token_header: OnceLock::new(),
            ..self
        })
    }

    /// The same key, prepared for another library.
    ///
    /// # Errors
    /// [`KeyError`] when the library does not take it.
    pub fn with_backend(self, backend: Backend) -> Result<Self, KeyError> {
        let is_ephemeral = self.is_ephemeral;
        let key = Self::prepare(self.private, self.public.with_backend(backend)?)?;
        Ok(Self {
            is_ephemeral,
            ..key
        })
    }

    /// Just drawn.
    pub(super) fn drawn(self) -> Self {
        Self {
            is_ephemeral: true,
            ..self
        }
    }

    /// Whether it was drawn by this process, and not read from where it is
    /// kept: as far as anybody can tell it is gone with the process, and what
    /// it has signed with it. It says so until it is written somewhere and read
    /// from there.
    ///
    /// ```
    /// use auth_core::SystemRandom;
    /// use auth_core::key::{Algorithm, SigningKey};
    ///
    /// let drawn = SigningKey::generate(&SystemRandom::new())?;
    /// assert!(drawn.is_ephemeral());
    /// let pem = drawn.to_pkcs8_pem().ok_or("no PEM")?;
    /// let read = SigningKey::from_pem(pem.expose(), Algorithm::EdDsa)?;
    /// assert!(!read.is_ephemeral());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn is_ephemeral(&self) -> bool {
        self.is_ephemeral
    }

    fn prepare(private: Private, public: VerifyingKey) -> Result<Self, KeyError> {
        let prepared = public.backend().signer(public.algorithm(), &private)?;
        Ok(Self {
            private,
            public,
            prepared,
            token_header: OnceLock::new(),
            is_ephemeral: false,
        })
    }

    /// The private key itself: PKCS#8 DER, or the shared secret. Whoever has
    /// it is the issuer.
    pub const fn expose(&self) -> &Secret<Vec<u8>> {
        match &self.private {
            Private::Pkcs8(bytes) | Private::Hmac(bytes) => bytes,
        }
    }

    /// PKCS#8 DER of the private key (RFC 5208); `None` for a secret, which has
    /// no such form. Whoever has it is the issuer.
    pub fn to_pkcs8_der(&self) -> Option<Secret<Vec<u8>>> {
        match &self.private {
            Private::Pkcs8(der) => Some(der.clone()),
            Private::Hmac(_) => None,
        }
    }

    /// PKCS#8 PEM of the private key (`BEGIN PRIVATE KEY`, RFC 7468 §10);
    /// `None` for a secret. Whoever has it is the issuer.
    pub fn to_pkcs8_pem(&self) -> Option<Secret<String>> {
        match &self.private {
            Private::Pkcs8(der) => pem::encode(pem::PRIVATE, der.expose())
                .ok()
                .map(Secret::new),
            Private::Hmac(_) => None,
        }
    }

    /// The private key as a JWK, secrets too, as [`from_jwk`](Self::from_jwk)
    /// reads it. Whoever has it is the issuer; what is published is
    /// [`VerifyingKey::to_jwk`].
    ///
    /// # Errors
    /// [`KeyError`] never comes of a key that was loaded.
    pub fn expose_jwk(&self) -> Result<Secret<String>, KeyError> {
        jwk::expose(self)
    }

    /// The half that verifies.
    pub const fn verifying_key(&self) -> &VerifyingKey {
        &self.public
    }

    /// The header of the tokens that it signs, which `write` makes once.
    pub(crate) fn token_header(&self, write: impl FnOnce(&VerifyingKey) -> String) -> &str {
        self.token_header
            .get_or_init(|| write(&self.public).into_boxed_str())
    }

    /// Hands the signature of `message` to `with`; `None` when the library
    /// has no randomness.
    pub(crate) fn sign<T>(&self, message: &[u8], with: impl FnOnce(&[u8]) -> T) -> Option<T> {
        let (mut with, mut given) = (Some(with), None);
        self.prepared.sign(message, &mut |signature| {
            given = with.take().map(|with| with(signature));
        })?;
        given
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
mod tests;
