//! Keys of the root secrets.

use auth_core::{RootKeyId, RootSecret, RootSecrets, Secret};
use ring::aead::{AES_256_GCM, LessSafeKey, UnboundKey};
use ring::{hkdf, hmac};

/// What a process draws to have a key of its own.
pub(super) type Salt = [u8; 16];

/// A key or tag, as Redis is told of it: without the root secret nobody can find out
/// which it is, not even by guessing.
pub(crate) type Digest = [u8; 16];

/// The keys of all root secrets.
#[derive(Debug)]
pub(crate) struct Roots {
    active: Root,
    others: Vec<Root>,
}

/// The keys of one.
#[derive(Debug)]
pub(crate) struct Root {
    id: RootKeyId,
    second_level: Secret<[u8; 32]>,
    naming: hmac::Key,
}

impl Roots {
    pub(crate) fn new(roots: &RootSecrets) -> Self {
        let others = roots.all().filter(|root| root.id() != roots.active().id());
        Self {
            active: Root::new(roots.active()),
            others: others.map(Root::new).collect(),
        }
    }

    pub(crate) const fn active(&self) -> &Root {
        &self.active
    }

    /// The active one first.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Root> {
        std::iter::once(&self.active).chain(&self.others)
    }

    pub(super) fn find(&self, id: RootKeyId) -> Option<&Root> {
        self.all().find(|root| root.id == id)
    }
}

impl Root {
    fn new(root: &RootSecret) -> Self {
        let second_level = root.second_level();
        let key = hmac::Key::new(hmac::HMAC_SHA256, second_level.expose());
        let naming = hmac::sign(&key, b"auth second level names v1");
        Self {
            id: root.id(),
            naming: hmac::Key::new(hmac::HMAC_SHA256, naming.as_ref()),
            second_level,
        }
    }

    pub(super) const fn id(&self) -> RootKeyId {
        self.id
    }

    /// The key of the process that drew this salt: HKDF, as in RFC 5869 §2.
    pub(super) fn sealing(&self, salt: &Salt) -> Option<LessSafeKey> {
        let key = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(self.second_level.expose());
        let key = key.expand(&[b"auth second level values v1"], &AES_256_GCM);
        Some(LessSafeKey::new(UnboundKey::from(key.ok()?)))
    }

    /// The digest of what is put together of `parts`.
    pub(crate) fn digest(&self, parts: &[&[u8]]) -> Digest {
        let mut context = hmac::Context::with_key(&self.naming);
        for part in parts {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        let mut digest = Digest::default();
        let length = digest.len();
        digest.copy_from_slice(&context.sign().as_ref()[..length]);
        digest
    }
}
