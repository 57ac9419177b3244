//! Signing keys that the application brings.

use std::sync::Arc;

use auth_core::key::{KeySet, KeySetError, SigningKey, VerifyingKey};

/// Signing keys that the application brings, from a secret manager for example,
/// instead of those that the SDK makes, seals, shares and changes in the store.
///
/// All instances of one store are to have the same ones: each believes those
/// that it was given, and no others. To change the key, start all instances
/// anew three times: with the new key's public half as
/// [another](Self::with_other); when all know it, with the new key to sign and
/// the old one's public half as another; and without the old one once its last
/// token has expired. A key that is no longer trusted is left out at once.
///
/// Each key is used by the library that it is prepared for
/// ([`SigningKey::with_backend`], [`VerifyingKey::with_backend`]).
///
/// A key that signs is read from where it is kept. One that the process has
/// drawn ([`SigningKey::is_ephemeral`]) is taken beside a store that forgets
/// too, as in tests, and refused beside any other.
///
/// ```
/// use std::sync::Arc;
/// use auth_core::key::{Algorithm, SigningKey};
/// use auth_sdk::OwnKeys;
/// # use auth_sdk::{Audience, Auth, Issuer, MemoryStore, RootSecret, SystemRandom};
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let drawn = SigningKey::generate_for(Algorithm::Es256, &SystemRandom::new())?;
/// # let pem = drawn.to_pkcs8_pem().ok_or("no PEM")?;
/// # let pem = pem.expose();
/// # let issuer = Issuer::new("https://auth.example.com")?;
/// # let audience = Audience::new("https://api.example.com")?;
/// # let root = RootSecret::generate(&SystemRandom::new())?;
/// # let store = Arc::new(MemoryStore::new());
/// // `pem` is what the secret manager has: "-----BEGIN PRIVATE KEY-----…"
/// let keys = OwnKeys::new(SigningKey::from_pem(pem, Algorithm::Es256)?);
/// let auth = Auth::builder(issuer, audience, root, store)
///     .with_keys(keys)
///     .build()
///     .await?;
/// # let _ = auth;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct OwnKeys {
    signer: Arc<SigningKey>,
    others: Vec<VerifyingKey>,
}

impl OwnKeys {
    /// `signer` signs all tokens. A shared secret (HMAC) is taken too, and is
    /// not published: only who has it can verify, and whoever verifies can
    /// issue.
    pub fn new(signer: SigningKey) -> Self {
        Self {
            signer: Arc::new(signer),
            others: Vec::new(),
        }
    }

    /// Tokens that `key` has signed are accepted too, and it is published: one
    /// that signed before, or will.
    pub fn with_other(mut self, key: VerifyingKey) -> Self {
        self.others.push(key);
        self
    }

    pub(crate) const fn signer(&self) -> &Arc<SigningKey> {
        &self.signer
    }

    /// All of them.
    pub(crate) fn to_set(&self) -> Result<KeySet, KeySetError> {
        let signer = self.signer.verifying_key();
        KeySet::new(std::iter::once(signer).chain(&self.others).cloned())
    }
}

impl From<SigningKey> for OwnKeys {
    fn from(signer: SigningKey) -> Self {
        Self::new(signer)
    }
}
