//! Public keys, ready to verify.

use std::fmt;
use std::sync::Arc;

use ::spki::der::Document;

use super::algorithm::{Algorithm, Family};
use super::backend::{Backend, Verify};
use super::error::KeyError;
use super::jwk::{Jwk, RawJwk, is_private};
use super::material::Public;
use super::thumbprint::Thumbprint;
use super::{pem, spki};

/// A key that verifies, bound to one algorithm, prepared for one backend.
/// Clones share it.
#[derive(Clone)]
pub struct VerifyingKey {
    shared: Arc<Shared>,
}

struct Shared {
    kid: String,
    thumbprint: Thumbprint,
    algorithm: Algorithm,
    public: Public,
    backend: Backend,
    prepared: Box<dyn Verify>,
}

/// The longest key id; longer ones in tokens are not looked up.
pub(crate) const MAX_KID: usize = 256;

impl VerifyingKey {
    /// Reads a JWK. Its id is its `kid`, or its RFC 7638 thumbprint; its
    /// algorithm is its `alg`, or the one its type leaves (RS256 for RSA).
    ///
    /// A secret (`kty` `oct`) is taken: whoever may verify by it may issue.
    /// A private key is refused, and so is one that is for something else.
    ///
    /// # Errors
    /// [`KeyError`] names what is wrong with it.
    pub fn from_jwk(json: &str) -> Result<Self, KeyError> {
        let jwk = RawJwk::parse(json)?;
        if is_private(json) && !jwk.is_secret() {
            return Err(KeyError::PrivateInPublic);
        }
        Self::from_raw(&jwk, Backend::default())
    }

    pub(super) fn from_raw(jwk: &RawJwk, backend: Backend) -> Result<Self, KeyError> {
        jwk.check_purpose("verify")?;
        let algorithm = jwk.algorithm()?;
        let key = Self::on(backend, algorithm, jwk.public(algorithm)?)?;
        match &jwk.kid {
            Some(kid) => key.with_kid(kid),
            None => Ok(key),
        }
    }

    /// Reads a PEM public key (`BEGIN PUBLIC KEY`, RFC 7468 §13). Its id is its
    /// RFC 7638 thumbprint.
    ///
    /// # Errors
    /// [`KeyError`] names what is wrong with it. A certificate is none; a key
    /// is taken out of it first.
    pub fn from_pem(pem: &str, algorithm: Algorithm) -> Result<Self, KeyError> {
        pem::check_label(pem, pem::PUBLIC)?;
        let (_, der) = Document::from_pem(pem).map_err(|_| KeyError::Malformed)?;
        Self::from_der(der.as_bytes(), algorithm)
    }

    /// Reads a DER `SubjectPublicKeyInfo` (RFC 5280 §4.1), its algorithm's
    /// parameters to the letter: an RSA key has NULL (RFC 3279 §2.3.1), and one
    /// under `id-RSASSA-PSS` is not taken.
    ///
    /// # Errors
    /// [`KeyError`] names what is wrong with it.
    pub fn from_der(spki: &[u8], algorithm: Algorithm) -> Result<Self, KeyError> {
        Self::new(algorithm, spki::read(spki)?)
    }

    /// A shared secret of at least the hash's length (RFC 7518 §3.2). Whoever
    /// may verify by it may issue.
    ///
    /// # Errors
    /// [`KeyError`] when it is too short, or the algorithm is no HMAC.
    pub fn hmac(secret: &[u8], algorithm: Algorithm) -> Result<Self, KeyError> {
        Self::new(algorithm, Public::hmac(secret.to_vec(), algorithm)?)
    }

    /// The same key under another id.
    ///
    /// # Errors
    /// [`KeyError::KeyId`] when it is longer than 256 bytes.
    pub fn with_kid(self, kid: &str) -> Result<Self, KeyError> {
        if kid.len() > MAX_KID {
            return Err(KeyError::KeyId);
        }
        let backend = self.backend();
        self.prepare(kid.to_owned(), backend)
    }

    /// The same key, prepared for another library.
    ///
    /// # Errors
    /// [`KeyError`] when the library does not take it.
    pub fn with_backend(self, backend: Backend) -> Result<Self, KeyError> {
        let kid = self.kid().to_owned();
        self.prepare(kid, backend)
    }

    pub(super) fn new(algorithm: Algorithm, public: Public) -> Result<Self, KeyError> {
        Self::on(Backend::default(), algorithm, public)
    }

    fn on(backend: Backend, algorithm: Algorithm, public: Public) -> Result<Self, KeyError> {
        let thumbprint = Thumbprint::of(&public);
        Ok(Self {
            shared: Arc::new(Shared {
                kid: thumbprint.to_string(),
                thumbprint,
                algorithm,
                prepared: backend.verifier(algorithm, &public)?,
                public,
                backend,
            }),
        })
    }

    fn prepare(&self, kid: String, backend: Backend) -> Result<Self, KeyError> {
        let Shared {
            thumbprint,
            algorithm,
            ref public,
            ..
        } = *self.shared;
        Ok(Self {
            shared: Arc::new(Shared {
                kid,
                thumbprint,
                algorithm,
                prepared: backend.verifier(algorithm, public)?,
                public: public.clone(),
                backend,
            }),
        })
    }

    /// The key id.
    pub fn kid(&self) -> &str {
        &self.shared.kid
    }

    /// The one algorithm it is used with.
    pub fn algorithm(&self) -> Algorithm {
        self.shared.algorithm
    }

    /// The library it is prepared for.
    pub fn backend(&self) -> Backend {
        self.shared.backend
    }

    /// Whether it is a shared secret.
    pub fn is_secret(&self) -> bool {
        self.shared.public.family() == Family::Hmac
    }

    /// The secret itself, if it is one.
    #[cfg(feature = "jsonwebtoken")]
    pub(crate) fn secret(&self) -> Option<&[u8]> {
        match &self.shared.public {
            Public::Hmac(secret) => Some(secret.expose()),
            _ => None,
        }
    }

    /// The RFC 7638 thumbprint with SHA-256: what the key is, whatever it is
    /// called. It is the key id of a key that was given none.
    ///
    /// A secret has one too. It tells nothing of a secret that was drawn at
    /// random, but who guesses a weaker one can check the guess (RFC 7638 §7).
    pub fn thumbprint(&self) -> Thumbprint {
        self.shared.thumbprint
    }

    /// Its public form; `None` for a secret.
    pub fn to_jwk(&self) -> Option<Jwk> {
        Jwk::new(&self.shared.public, self.shared.algorithm, &self.shared.kid)
    }

    /// Its DER `SubjectPublicKeyInfo` (RFC 5280 §4.1); `None` for a secret.
    pub fn to_der(&self) -> Option<Vec<u8>> {
        spki::write(&self.shared.public)
    }

    /// Its PEM, `BEGIN PUBLIC KEY` (RFC 7468 §13); `None` for a secret.
    pub fn to_pem(&self) -> Option<String> {
        pem::encode(pem::PUBLIC, &self.to_der()?).ok()
    }

    pub(super) fn public(&self) -> &Public {
        &self.shared.public
    }

    /// Whether `signature` is this key's over `message`: for signatures that
    /// travel beside what they sign. A token is verified by a
    /// [`Verifier`](crate::verifier::Verifier), which reads its claims too.
    ///
    /// The form is the one of JWS: r ‖ s for ECDSA (RFC 7518 §3.4), a salt as
    /// long as the hash for RSASSA-PSS (§3.5).
    ///
    /// # Guarantees
    /// - A signature of another length is no signature.
    /// - No signature is good for another algorithm than the key's own.
    /// - A MAC is compared in constant time.
    ///
    /// Not guaranteed: that a message has one signature. An ECDSA signature
    /// is as good with n − s, so a signature that was not seen before does not
    /// tell that its message was not.
    ///
    /// ```
    /// use auth_core::key::{Algorithm, VerifyingKey};
    ///
    /// let key = VerifyingKey::hmac(&[7; 32], Algorithm::Hs256)?;
    /// assert!(!key.verifies(b"message", b"too short"));
    /// # Ok::<(), auth_core::key::KeyError>(())
    /// ```
    #[must_use = "a signature that is not looked at proves nothing"]
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.shared.prepared.verify(message, signature)
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyingKey")
            .field("kid", &self.shared.kid)
            .field("algorithm", &self.shared.algorithm)
            .finish_non_exhaustive()
    }
}
