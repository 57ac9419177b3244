//! A key that is not in the database.

use std::fmt;
use std::sync::Arc;

use ring::hmac;
use zeroize::Zeroizing;

use crate::secret::Secret;

/// A secret that is mixed into every password hash and kept where the hashes
/// are not: who steals the table alone cannot even begin to guess.
///
/// What is stored is `HMAC-SHA-256(pepper, label ‖ Argon2id's tag)`, with the
/// pepper's id beside it. It comes *after* Argon2id, as OWASP's post-hashing
/// does, so that hashes which are there already can be peppered without anybody
/// logging in ([`OfflineHasher::pepper`](super::OfflineHasher::pepper)), and so
/// that it does not matter what computes Argon2id. Argon2's own secret input
/// (`keyid` in a PHC string) allows neither.
#[derive(Clone)]
pub struct Pepper {
    id: Arc<str>,
    key: Secret<Vec<u8>>,
}

impl Pepper {
    /// The fewest bytes a key may have.
    pub const MIN_KEY_BYTES: usize = 32;

    /// `key` under the name `id`, which is stored with each hash: 1 to 32
    /// characters of `a` to `z`, `0` to `9` and `-`. An id names one key for
    /// ever; a new key gets a new one.
    ///
    /// ```
    /// use auth_core::password::Pepper;
    ///
    /// let pepper = Pepper::new("2026-01", vec![7; 32])?; // from a vault
    /// assert_eq!(format!("{pepper:?}"), "Pepper { id: \"2026-01\", .. }");
    /// # Ok::<(), auth_core::password::PepperError>(())
    /// ```
    ///
    /// # Errors
    /// [`PepperError::Id`] and [`PepperError::Key`].
    pub fn new(id: &str, key: Vec<u8>) -> Result<Self, PepperError> {
        let key = Secret::new(key);
        if !is_pepper_id(id) {
            return Err(PepperError::Id);
        }
        if key.expose().len() < Self::MIN_KEY_BYTES {
            return Err(PepperError::Key);
        }
        Ok(Self { id: id.into(), key })
    }

    /// The name it is stored under.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What is stored in place of `tag`.
    pub(super) fn apply(&self, tag: &[u8]) -> Zeroizing<Vec<u8>> {
        let mut mac =
            hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, self.key.expose()));
        mac.update(LABEL);
        mac.update(tag);
        Zeroizing::new(mac.sign().as_ref().to_vec())
    }
}

impl fmt::Debug for Pepper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pepper")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// The peppers of an installation: at most one that new hashes get, and those
/// that older ones were made with.
///
/// To rotate, first give every instance the new pepper as retired, then make it
/// the active one: an instance that does not know it yet could not log in those
/// whose hashes others have renewed. Hashes under another pepper than the active
/// one, or none, are outdated, and renewed when their users log in; a pepper can
/// go once no hash names it. To do without, retire the last one.
///
/// ```
/// use auth_core::password::{Pepper, Peppers};
///
/// let peppers = Peppers::none()
///     .with_retired(Pepper::new("2025", vec![1; 32])?)?
///     .with_active(Pepper::new("2026", vec![2; 32])?)?;
/// assert_eq!(peppers.active().map(Pepper::id), Some("2026"));
/// # Ok::<(), auth_core::password::PepperError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Peppers {
    active: Option<Pepper>,
    retired: Vec<Pepper>,
}

impl Peppers {
    /// No pepper.
    pub const fn none() -> Self {
        Self {
            active: None,
            retired: Vec::new(),
        }
    }

    /// New hashes get `pepper`; the one that was active is retired.
    ///
    /// # Errors
    /// [`PepperError::Twice`] when its id is known already.
    pub fn with_active(mut self, pepper: Pepper) -> Result<Self, PepperError> {
        self.refuse_twice(&pepper)?;
        self.retired.extend(self.active.replace(pepper));
        Ok(self)
    }

    /// Hashes under `pepper` can be verified; new ones do not get it.
    ///
    /// # Errors
    /// [`PepperError::Twice`] when its id is known already.
    pub fn with_retired(mut self, pepper: Pepper) -> Result<Self, PepperError> {
        self.refuse_twice(&pepper)?;
        self.retired.push(pepper);
        Ok(self)
    }

    /// What new hashes get.
    pub const fn active(&self) -> Option<&Pepper> {
        self.active.as_ref()
    }

    pub(super) fn find(&self, id: &str) -> Option<&Pepper> {
        self.active
            .iter()
            .chain(&self.retired)
            .find(|pepper| pepper.id() == id)
    }

    fn refuse_twice(&self, pepper: &Pepper) -> Result<(), PepperError> {
        match self.find(pepper.id()) {
            Some(_) => Err(PepperError::Twice),
            None => Ok(()),
        }
    }
}

/// A pepper that is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PepperError {
    /// Its id cannot be stored.
    #[error("a pepper's id must be 1 to 32 characters of a-z, 0-9 and -")]
    Id,
    /// Its key is too short.
    #[error("a pepper's key must have at least {} bytes", Pepper::MIN_KEY_BYTES)]
    Key,
    /// Two peppers with one id.
    #[error("a pepper of this id is known already")]
    Twice,
}

pub(super) fn is_pepper_id(id: &str) -> bool {
    (1..=32).contains(&id.len())
        && id
            .bytes()
            .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}

/// So that the key does nothing else by mistake.
const LABEL: &[u8] = b"auth password pepper v1";
