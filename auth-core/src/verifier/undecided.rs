//! What cannot be judged without I/O.

use super::VerifyError;
use crate::secret::Secret;

/// A token whose judgement needs I/O: it names a key that is not known yet.
/// [`Verifier::confirm`](super::Verifier::confirm) decides it.
#[derive(Debug)]
#[must_use = "an undecided token is rejected unless it is confirmed"]
pub struct Undecided {
    pub(super) token: Secret<String>,
    pub(super) kid: String,
}

impl Undecided {
    pub(super) fn unknown_key(token: &str, kid: String) -> Self {
        Self {
            token: Secret::new(token.to_owned()),
            kid,
        }
    }
}

impl From<Undecided> for VerifyError {
    fn from(undecided: Undecided) -> Self {
        Self::Undecided(undecided)
    }
}
