//! Our private key as a signer of `jsonwebtoken`.

use std::sync::Arc;

use jsonwebtoken::Algorithm;
use jsonwebtoken::crypto::JwtSigner;
use jsonwebtoken::signature::{Error, Signer};

use crate::key::SigningKey;

/// A [`SigningKey`] as a [`JwtSigner`], for a `CryptoProvider` of one's own.
/// It signs with the key's one algorithm, on the key's backend. Clones share
/// the key.
///
/// ```
/// use auth_core::interop::KeySigner;
/// use auth_core::{SystemRandom, key::SigningKey};
/// use jsonwebtoken::{crypto::JwtSigner, signature::Signer};
///
/// let key = SigningKey::generate(&SystemRandom::new())?;
/// let public = key.verifying_key().clone();
/// let signer: Box<dyn JwtSigner> = Box::new(KeySigner::from(key));
/// assert!(public.verifies(b"message", &signer.try_sign(b"message")?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct KeySigner(Arc<SigningKey>);

impl From<SigningKey> for KeySigner {
    fn from(key: SigningKey) -> Self {
        Self(Arc::new(key))
    }
}

impl From<Arc<SigningKey>> for KeySigner {
    fn from(key: Arc<SigningKey>) -> Self {
        Self(key)
    }
}

impl Signer<Vec<u8>> for KeySigner {
    /// Fails when the library has no randomness.
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        self.0.sign(message, <[u8]>::to_vec).ok_or_else(Error::new)
    }
}

impl JwtSigner for KeySigner {
    fn algorithm(&self) -> Algorithm {
        self.0.verifying_key().algorithm().into()
    }
}
