//! The root secret: the one secret an application keeps, from which all
//! others are derived (HKDF-SHA-256, RFC 5869).

use base64::Engine;
use base64::prelude::{
    BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE, BASE64_URL_SAFE_NO_PAD,
};
use ring::{hkdf, hmac};

use crate::random::{EntropyError, SecureRandom, draw};
use crate::secret::Secret;

/// The identifier of a root secret: derived from it, four bytes, in every
/// refresh token and beside everything sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RootKeyId(pub [u8; 4]);

/// 32 to 64 random bytes. Who has them can forge refresh and reset tokens and open the
/// sealed signing keys; who loses them logs everybody out.
#[derive(Clone, Debug)]
pub struct RootSecret {
    id: RootKeyId,
    material: Secret<Vec<u8>>,
    mac: hmac::Key,
    ratchet: hmac::Key,
    device: hmac::Key,
}

/// A text or file does not hold a root secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RootSecretError {
    /// Not base64, in either alphabet, padded or not.
    #[error("the root secret is not base64")]
    NotBase64,
    /// Fewer than 32 bytes, or more than 64.
    #[error("the root secret must have 32 to 64 bytes; `openssl rand -base64 32` makes one")]
    Length,
    /// All bytes are equal: a placeholder, not a secret.
    #[error("the root secret is not random; `openssl rand -base64 32` makes one")]
    NotRandom,
    /// Two different secrets have one identifier (a chance of 2⁻³²).
    #[error("two root secrets share an identifier; draw another one")]
    SameId,
}

impl RootSecret {
    /// Draws a new root secret of 32 bytes.
    ///
    /// # Errors
    /// [`EntropyError`] when the source of randomness fails.
    pub fn generate(random: &dyn SecureRandom) -> Result<Self, EntropyError> {
        let bytes: [u8; 32] = draw(random)?;
        Ok(Self::derive(bytes.to_vec()))
    }

    /// Takes 32 to 64 random bytes.
    ///
    /// # Errors
    /// [`RootSecretError`] when the bytes cannot be a secret.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RootSecretError> {
        if !(32..=64).contains(&bytes.len()) {
            return Err(RootSecretError::Length);
        }
        if bytes.iter().all(|b| *b == bytes[0]) {
            return Err(RootSecretError::NotRandom);
        }
        Ok(Self::derive(bytes.to_vec()))
    }

    /// Reads base64, in either alphabet, padded or not; white space around it
    /// is ignored.
    ///
    /// ```
    /// use auth_core::RootSecret;
    ///
    /// assert!(RootSecret::from_base64("NtBVnZBTf6BtEP7aLEwdgTyfFYoVqpEGMCxqNCd5mZ0=").is_ok());
    /// assert!(RootSecret::from_base64("change-me").is_err());
    /// ```
    ///
    /// # Errors
    /// [`RootSecretError`] when the text holds no secret.
    pub fn from_base64(text: &str) -> Result<Self, RootSecretError> {
        let text = text.trim();
        let bytes = [
            &BASE64_STANDARD,
            &BASE64_STANDARD_NO_PAD,
            &BASE64_URL_SAFE,
            &BASE64_URL_SAFE_NO_PAD,
        ]
        .iter()
        .find_map(|engine| engine.decode(text).ok())
        .map(Secret::new)
        .ok_or(RootSecretError::NotBase64)?;
        Self::from_bytes(bytes.expose())
    }

    /// The secret as base64, to be kept in a safe place.
    pub fn to_base64(&self) -> Secret<String> {
        Secret::new(BASE64_STANDARD.encode(self.material.expose()))
    }

    /// Its identifier.
    pub const fn id(&self) -> RootKeyId {
        self.id
    }

    /// `k_mac`: authenticates refresh tokens.
    pub(crate) const fn mac(&self) -> &hmac::Key {
        &self.mac
    }

    /// `k_ratchet`: leads from one refresh token's secret to the next.
    pub(crate) const fn ratchet(&self) -> &hmac::Key {
        &self.ratchet
    }

    /// `k_device`: authenticates device tokens.
    pub(crate) const fn device(&self) -> &hmac::Key {
        &self.device
    }

    /// `k_idempotency`: authenticates what a request asks for.
    pub(crate) fn idempotency(&self) -> hmac::Key {
        let key: Secret<[u8; 32]> = expand(self.material.expose(), Purpose::Idempotency);
        hmac::Key::new(hmac::HMAC_SHA256, key.expose())
    }

    /// `k_reset`: authenticates reset tokens.
    pub(crate) fn reset(&self) -> hmac::Key {
        let key: Secret<[u8; 32]> = expand(self.material.expose(), Purpose::Reset);
        hmac::Key::new(hmac::HMAC_SHA256, key.expose())
    }

    /// `k_seal`: seals what the store keeps.
    pub(crate) fn seal(&self) -> Secret<[u8; 32]> {
        expand(self.material.expose(), Purpose::Seal)
    }

    /// `k_l2`: what caches keep outside of the process. Whoever has it can forge what
    /// they believe; a cache derives its own keys from it, and seals under those.
    pub fn second_level(&self) -> Secret<[u8; 32]> {
        expand(self.material.expose(), Purpose::SecondLevel)
    }

    fn derive(material: Vec<u8>) -> Self {
        let material = Secret::new(material);
        let id = expand::<4>(material.expose(), Purpose::Id);
        let hmac_key = |purpose| {
            let key: Secret<[u8; 32]> = expand(material.expose(), purpose);
            hmac::Key::new(hmac::HMAC_SHA256, key.expose())
        };
        Self {
            id: RootKeyId(*id.expose()),
            mac: hmac_key(Purpose::Mac),
            ratchet: hmac_key(Purpose::Ratchet),
            device: hmac_key(Purpose::Device),
            material,
        }
    }
}

/// What a derived key is for; distinct labels give independent keys.
#[derive(Clone, Copy)]
enum Purpose {
    Id,
    Mac,
    Ratchet,
    Device,
    Idempotency,
    Reset,
    Seal,
    SecondLevel,
}

impl Purpose {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Id => b"auth root id v1",
            Self::Mac => b"auth refresh mac v1",
            Self::Ratchet => b"auth refresh ratchet v1",
            Self::Device => b"auth device v1",
            Self::Idempotency => b"auth idempotency v1",
            Self::Reset => b"auth reset v1",
            Self::Seal => b"auth seal v1",
            Self::SecondLevel => b"auth second level v1",
        }
    }
}

struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn expand<const N: usize>(material: &[u8], purpose: Purpose) -> Secret<[u8; N]> {
    let mut key = [0; N];
    // `expand` and `fill` fail only beyond 255 × 32 bytes, or when the lengths
    // differ; both are fixed here.
    let filled = hkdf::Salt::new(hkdf::HKDF_SHA256, b"auth root v1")
        .extract(material)
        .expand(&[purpose.label()], Length(N))
        .and_then(|okm| okm.fill(&mut key));
    debug_assert!(filled.is_ok());
    Secret::new(key)
}

/// The root secrets an instance knows: one active, others that are not yet or
/// no longer used to make anything, but are still understood.
///
/// A rotation goes next → active → retired: make the new secret known to every
/// instance with [`with_other`](Self::with_other), then make it the active
/// one. An instance that starts seals the signing keys anew under its active
/// secret: once every instance has been started with the new one active, no key
/// needs the old one. Keep it as an other for as long as a session may name it;
/// sessions whose secret is dropped end with their next refresh.
#[derive(Clone, Debug)]
pub struct RootSecrets {
    active: RootSecret,
    others: Vec<RootSecret>,
}

impl RootSecrets {
    /// With `active` alone.
    pub const fn new(active: RootSecret) -> Self {
        Self {
            active,
            others: Vec::new(),
        }
    }

    /// Also understands what was made under `other`.
    ///
    /// # Errors
    /// [`RootSecretError::SameId`] when it is a secret already known, or has
    /// the identifier of one.
    pub fn with_other(mut self, other: RootSecret) -> Result<Self, RootSecretError> {
        if self.find(other.id).is_some() {
            return Err(RootSecretError::SameId);
        }
        self.others.push(other);
        Ok(self)
    }

    /// The secret that new things are made under.
    pub const fn active(&self) -> &RootSecret {
        &self.active
    }

    /// The secret with this identifier.
    pub fn find(&self, id: RootKeyId) -> Option<&RootSecret> {
        self.all().find(|root| root.id == id)
    }

    /// All that are known, the active one first.
    pub fn all(&self) -> impl Iterator<Item = &RootSecret> {
        std::iter::once(&self.active).chain(&self.others)
    }
}

impl From<RootSecret> for RootSecrets {
    fn from(active: RootSecret) -> Self {
        Self::new(active)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn purposes_and_secrets_give_different_keys() {
        let a = RootSecret::from_bytes(b"0123456789abcdef0123456789abcdef").unwrap();
        let b = RootSecret::from_bytes(b"0123456789abcdef0123456789abcdeg").unwrap();
        let tag = |key| hmac::sign(key, b"x").as_ref().to_vec();
        assert_ne!(tag(a.mac()), tag(a.ratchet()));
        assert_ne!(tag(a.mac()), tag(a.device()));
        assert_ne!(tag(a.mac()), tag(b.mac()));
        let (idempotency, reset) = (a.idempotency(), a.reset());
        assert_ne!(tag(a.device()), tag(&reset));
        assert_ne!(tag(&idempotency), tag(&reset));
        assert_ne!(a.seal(), b.seal());
        assert_ne!(a.second_level(), b.second_level());
        assert_ne!(a.second_level(), a.seal());
        assert_ne!(a.id(), b.id());
    }

    #[test]
    fn a_root_secret_survives_its_text_form() {
        let root = RootSecret::generate(&crate::SystemRandom::new()).unwrap();
        let again = RootSecret::from_base64(root.to_base64().expose()).unwrap();
        assert_eq!(root.id(), again.id());
    }

    #[test]
    fn what_cannot_be_a_secret_is_refused_by_name() {
        assert_eq!(
            RootSecret::from_base64("!").err(),
            Some(RootSecretError::NotBase64)
        );
        assert_eq!(
            RootSecret::from_base64("aGk=").err(),
            Some(RootSecretError::Length)
        );
        assert_eq!(
            RootSecret::from_bytes(&[7; 32]).err(),
            Some(RootSecretError::NotRandom)
        );
        assert_eq!(
            RootSecret::from_bytes(&[7; 65]).err(),
            Some(RootSecretError::Length)
        );
    }

    #[test]
    fn one_secret_cannot_be_known_twice() {
        let root = RootSecret::from_bytes(b"0123456789abcdef0123456789abcdef").unwrap();
        let secrets = RootSecrets::new(root.clone());
        assert_eq!(
            secrets.with_other(root).err(),
            Some(RootSecretError::SameId)
        );
    }
}
