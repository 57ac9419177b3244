//! A password hash as a store keeps it.

use std::fmt;

use crate::secret::Secret;

/// A password hash in PHC string format: `$argon2id$v=19$m=..,t=..,p=..$salt$tag`.
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
