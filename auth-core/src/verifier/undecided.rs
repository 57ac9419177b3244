//! What cannot be judged without I/O.

use std::fmt;
use std::sync::Arc;

use super::VerifyError;
use crate::api_key::PresentedApiKey;
use crate::key::KeySource;
use crate::secret::Secret;

/// A credential whose judgement needs I/O: a token that names a key that is not
/// known yet, or an API key.
/// [`Verifier::confirm`](super::Verifier::confirm) decides it.
#[must_use = "an undecided credential is rejected unless it is confirmed"]
pub struct Undecided(pub(super) Question);

/// What must be asked.
pub(super) enum Question {
    /// For the key of a token.
    SigningKey {
        token: Secret<String>,
        kid: String,
        /// The keys of the issuer that the token names.
        keys: Arc<dyn KeySource>,
    },
    /// Whose this API key is, and whether it may be used.
    ApiKey(PresentedApiKey),
}

impl Undecided {
    pub(super) fn of_token(token: &str, kid: &str, keys: Arc<dyn KeySource>) -> Self {
        Self(Question::SigningKey {
            token: Secret::new(token.to_owned()),
            kid: kid.to_owned(),
            keys,
        })
    }
}

impl From<Undecided> for VerifyError {
    fn from(undecided: Undecided) -> Self {
        Self::Undecided(undecided)
    }
}

impl fmt::Debug for Undecided {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Undecided");
        match &self.0 {
            Question::SigningKey { kid, .. } => shown.field("kid", kid),
            Question::ApiKey(presented) => shown.field("api_key", &presented.id()),
        };
        shown.finish_non_exhaustive()
    }
}
