//! A password hash as a store keeps it.

use std::fmt;

use crate::secret::Secret;

/// A password hash in PHC string format: `$argon2id$v=19$m=..,t=..,p=..$salt$tag`.
///
/// With a [pepper](super::Pepper), and where the hash of another system was
/// wrapped, it has a prefix of our own, `$layered$v=1,..`; another system's hash
/// that is to be replaced as its user logs in is kept in that system's spelling.
///
/// It is as the store kept it, and is judged only when a password is verified
/// against it: a corrupt one must cost what a good one costs. Equality compares
/// the text, in constant time, for compare-and-swap.
///
/// ```
/// let hash = auth_core::password::PasswordHash::from_phc("$argon2id$v=19$..".to_owned());
/// assert_eq!(format!("{hash:?}"), "PasswordHash(..)");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(Secret<String>);

impl PasswordHash {
    /// From the text that a store kept.
    pub const fn from_phc(phc: String) -> Self {
        Self(Secret::new(phc))
    }

    /// From a hash that another system made, in its spelling: see
    /// [`legacy`](super::legacy) for those that are read.
    ///
    /// [`from_phc`](Self::from_phc) takes it as well; this tells at once, while
    /// users are imported, what would fail at each of their log-ins.
    ///
    /// # Errors
    /// [`CorruptHash`](super::CorruptHash) when no password could be verified
    /// against it.
    #[cfg(feature = "legacy-hashes")]
    pub fn from_legacy(text: String) -> Result<Self, super::CorruptHash> {
        super::legacy::Legacy::parse(&text)?;
        Ok(Self::from_phc(text))
    }

    /// The text to store. Keep it out of logs and errors: it is all that an
    /// attacker needs to guess at leisure.
    pub fn expose_phc(&self) -> &str {
        self.0.expose()
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(..)")
    }
}
