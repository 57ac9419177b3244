//! What cannot be judged without I/O.

use std::fmt;
use std::sync::Arc;

use super::VerifyError;
use crate::key::KeySource;
use crate::secret::Secret;

/// A token whose judgement needs I/O: it names a key that is not known yet.
/// [`Verifier::confirm`](super::Verifier::confirm) decides it.
#[must_use = "an undecided token is rejected unless it is confirmed"]
pub struct Undecided {
    pub(super) token: Secret<String>,
    pub(super) kid: String,
    /// The keys of the issuer that the token names.
    pub(super) keys: Arc<dyn KeySource>,
}

impl Undecided {
    pub(super) fn new(token: &str, kid: &str, keys: Arc<dyn KeySource>) -> Self {
        Self {
            token: Secret::new(token.to_owned()),
            kid: kid.to_owned(),
            keys,
        }
    }
}

impl From<Undecided> for VerifyError {
    fn from(undecided: Undecided) -> Self {
        Self::Undecided(undecided)
    }
}

impl fmt::Debug for Undecided {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Undecided")
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}
