//! Whether a password was found in a breach, asked without telling it.

use std::fmt::{self, Write};
use std::sync::Arc;

use async_trait::async_trait;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use zeroize::Zeroizing;

use super::PolicyViolation;
use crate::password::plaintext::Password;

/// A service that knows the SHA-1 of breached passwords and is asked by range,
/// as Have I Been Pwned is: it learns five hexadecimal digits of the hash, which
/// hundreds of other passwords share.
///
/// # Contract
/// The answer is for exactly this prefix, over a channel nobody else can write
/// to, and within the caller's patience: whoever implements this sets a time-out.
/// Ask for a padded answer where there is one (`Add-Padding: true`): the size of
/// the answer would otherwise tell an eavesdropper the prefix.
#[async_trait]
pub trait BreachRanges: fmt::Debug + Send + Sync + 'static {
    /// The lines `SUFFIX:COUNT` for the hashes that begin with `prefix`: five
    /// upper-case hexadecimal digits; a suffix has the other 35.
    ///
    /// # Errors
    /// Whatever kept the answer away.
    async fn range(&self, prefix: &str)
    -> Result<String, Box<dyn std::error::Error + Send + Sync>>;
}

/// What is done about a password that could not be looked up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum WhenUnanswered {
    /// It may be chosen: signing up does not depend on somebody else's service.
    /// Who can keep the answers away can choose a breached password, for
    /// themselves.
    #[default]
    Allow,
    /// It may not: [`BreachError::Unanswered`], a 503.
    Refuse,
}

/// Asks whether a password was breached, where one is chosen.
///
/// ```
/// # use auth_core::password::{BreachCheck, BreachError, BreachRanges, Password};
/// #[derive(Debug)]
/// struct OneLine;
/// # #[async_trait::async_trait]
/// impl BreachRanges for OneLine {
///     async fn range(&self, _: &str) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
///         Ok("1E4C9B93F3F0682250B6CF8331B7EE68FD8:52256179".to_owned())
///     }
/// }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let check = BreachCheck::new(std::sync::Arc::new(OneLine));
/// let breached = check.check(&Password::new("password".to_owned())?).await;
/// assert!(matches!(breached, Err(BreachError::Breached(_))));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct BreachCheck {
    ranges: Arc<dyn BreachRanges>,
    when_unanswered: WhenUnanswered,
}

impl BreachCheck {
    /// Asks `ranges`; where there is no answer, allows.
    pub fn new(ranges: Arc<dyn BreachRanges>) -> Self {
        Self {
            ranges,
            when_unanswered: WhenUnanswered::default(),
        }
    }

    /// Does this where there is no answer.
    pub fn when_unanswered(self, when_unanswered: WhenUnanswered) -> Self {
        Self {
            when_unanswered,
            ..self
        }
    }

    /// Whether `password` may be chosen.
    ///
    /// # Errors
    /// [`BreachError::Breached`], and [`BreachError::Unanswered`] under
    /// [`WhenUnanswered::Refuse`].
    pub async fn check(&self, password: &Password) -> Result<(), BreachError> {
        let hash = sha1_hex(password);
        let (prefix, suffix) = hash.split_at(PREFIX_CHARS);
        let answer = match self.ranges.range(prefix).await {
            Ok(lines) => found(&lines, suffix).map_err(Into::into),
            Err(error) => Err(error),
        };
        match answer {
            Ok(true) => Err(BreachError::Breached(PolicyViolation::Breached)),
            Ok(false) => Ok(()),
            Err(error) => self.unanswered(error),
        }
    }

    /// What a missing answer means: for a caller who waits no longer for
    /// [`check`](Self::check).
    ///
    /// # Errors
    /// [`BreachError::Unanswered`] under [`WhenUnanswered::Refuse`].
    pub fn unanswered(
        &self,
        error: Box<dyn std::error::Error + Send + Sync>,
    ) -> Result<(), BreachError> {
        match self.when_unanswered {
            WhenUnanswered::Allow => Ok(()),
            WhenUnanswered::Refuse => Err(BreachError::Unanswered(error)),
        }
    }
}

/// Why a password may not be chosen, or cannot be judged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BreachError {
    /// It was found in a breach.
    #[error(transparent)]
    Breached(PolicyViolation),
    /// Nobody could say.
    #[error("the breached passwords could not be asked for")]
    Unanswered(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The answer is not of the form that was agreed on. None of it is quoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the answer about breached passwords is malformed")]
struct Malformed;

fn sha1_hex(password: &Password) -> Zeroizing<String> {
    let mut hex = Zeroizing::new(String::with_capacity(HASH_CHARS));
    for byte in digest(&SHA1_FOR_LEGACY_USE_ONLY, password.expose().as_bytes()).as_ref() {
        // Writing to a string cannot fail.
        let _ = write!(*hex, "{byte:02X}");
    }
    hex
}

/// Whether `suffix` is among the lines with a count above zero; those with zero
/// are padding. One malformed line spoils the answer: it may be an error page.
fn found(lines: &str, suffix: &str) -> Result<bool, Malformed> {
    if lines.len() > MAX_ANSWER_BYTES {
        return Err(Malformed);
    }
    let mut found = false;
    for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (candidate, count) = line.split_once(':').ok_or(Malformed)?;
        let count: u64 = count.trim().parse().map_err(|_| Malformed)?;
        let well_formed = candidate.len() == HASH_CHARS - PREFIX_CHARS
            && candidate.bytes().all(|b| b.is_ascii_hexdigit());
        if !well_formed {
            return Err(Malformed);
        }
        found |= count > 0 && candidate.eq_ignore_ascii_case(suffix);
    }
    Ok(found)
}

const HASH_CHARS: usize = 40;
const PREFIX_CHARS: usize = 5;

/// Real answers have some 40 kB, padded ones no more.
const MAX_ANSWER_BYTES: usize = 1 << 20;
