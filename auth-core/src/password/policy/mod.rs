//! What a user may choose as a password.

mod blocklist;
mod breach;
mod context;
mod predictable;

use zeroize::Zeroizing;

use super::plaintext::Password;
use crate::PolicyVersion;

pub use breach::{BreachCheck, BreachError, BreachRanges, WhenUnanswered};
pub use context::ContextWords;

/// What is asked of a new password (NIST SP 800-63B-4 §3.1.1.2): length, that it
/// is not one that is tried first, and nothing about its composition. It is for
/// sign-up and change; at log-in whatever was accepted once goes on working.
///
/// Tried first are the commonest passwords and any two of them in a row, a short
/// piece repeated, runs along the alphabet, the digits or the keyboard, and what
/// is little more than the user's name, address or the service's own name. Case
/// does not matter to any of these.
///
/// # Defaults
/// - at least 15 code points, for a password that is the only factor
/// - at most [`Password::MAX_BYTES`] bytes
/// - no words of the service's own
///
/// ```
/// use auth_core::password::{Password, PasswordPolicy};
///
/// let policy = PasswordPolicy::default();
/// let code = |text: &str| {
///     let password = Password::new(text.to_owned()).expect("not too long");
///     policy.check(&password).map_err(|violation| violation.code())
/// };
/// assert_eq!(code("hunter2"), Err("too_short"));
/// assert_eq!(code("Password12345678"), Err("common_password"));
/// assert_eq!(code("correct horse battery staple"), Ok(()));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasswordPolicy {
    min_code_points: usize,
    max_bytes: usize,
    service: ContextWords,
}

impl PasswordPolicy {
    /// Asks for at least `min` code points; 8 where a second factor is required.
    ///
    /// # Errors
    /// [`PolicyError::Minimum`] below 8, which NIST forbids, and above 64, which
    /// no user should be refused for.
    pub fn with_min_code_points(self, min: usize) -> Result<Self, PolicyError> {
        if !(LEAST_MINIMUM..=GREATEST_MINIMUM).contains(&min) {
            return Err(PolicyError::Minimum);
        }
        Ok(Self {
            min_code_points: min,
            ..self
        })
    }

    /// Allows at most `max` bytes.
    ///
    /// # Errors
    /// [`PolicyError::Maximum`] above [`Password::MAX_BYTES`], and below 256,
    /// where 64 code points might not fit.
    pub fn with_max_bytes(self, max: usize) -> Result<Self, PolicyError> {
        if !(LEAST_MAXIMUM..=Password::MAX_BYTES).contains(&max) {
            return Err(PolicyError::Maximum);
        }
        Ok(Self {
            max_bytes: max,
            ..self
        })
    }

    /// The words of the service: its name, its domain, what its users call it.
    pub fn with_service_words(self, words: &ContextWords) -> Self {
        Self {
            service: self.service.and(words),
            ..self
        }
    }

    /// The version of the rules and the list, whatever the application has set:
    /// to be stored with a password that they accepted.
    pub const fn version(&self) -> PolicyVersion {
        PolicyVersion::CURRENT
    }

    /// Whether a password that was accepted under this version was held to all
    /// that these rules ask. Of one that no version is known of, an imported one
    /// perhaps, nobody can say so.
    ///
    /// ```
    /// use auth_core::password::PasswordPolicy;
    ///
    /// let policy = PasswordPolicy::default();
    /// assert!(policy.is_current(Some(policy.version())));
    /// assert!(!policy.is_current(None));
    /// ```
    pub fn is_current(&self, accepted_under: Option<PolicyVersion>) -> bool {
        self.version().is_met_by(accepted_under)
    }

    /// Whether `password` may be chosen, by whomever.
    ///
    /// # Errors
    /// As [`check_for`](Self::check_for).
    pub fn check(&self, password: &Password) -> Result<(), PolicyViolation> {
        self.check_for(password, &ContextWords::new())
    }

    /// Whether `password` may be chosen by the user whose `words` these are. Its
    /// length is counted in code points of its NFC form. Once the words are taken
    /// out, 8 code points must be left: a long password may contain a name.
    ///
    /// Control characters are refused, NUL, tab and line breaks among them: they
    /// are not printable, get in by pasting, cannot be typed at the next log-in,
    /// and NUL ends the text for whatever is written in C on the way.
    ///
    /// # Errors
    /// The first [`PolicyViolation`] that is found.
    pub fn check_for(
        &self,
        password: &Password,
        words: &ContextWords,
    ) -> Result<(), PolicyViolation> {
        let text = password.expose();
        if text.len() > self.max_bytes {
            return Err(PolicyViolation::TooLong {
                max_bytes: self.max_bytes,
            });
        }
        if text.chars().any(char::is_control) {
            return Err(PolicyViolation::ControlCharacter);
        }
        if text.chars().count() < self.min_code_points {
            return Err(PolicyViolation::TooShort {
                min_code_points: self.min_code_points,
            });
        }
        let folded = Zeroizing::new(context::fold(text));
        let chars: Zeroizing<Vec<char>> = Zeroizing::new(folded.chars().collect());
        if blocklist::is_common(&folded) {
            Err(PolicyViolation::Common)
        } else if predictable::is_predictable(&chars) {
            Err(PolicyViolation::Predictable)
        } else if words
            .clone()
            .and(&self.service)
            .make_up(&folded, LEAST_MINIMUM)
        {
            Err(PolicyViolation::ContextWord)
        } else {
            Ok(())
        }
    }
}

impl Default for PasswordPolicy {
    fn default() -> Self {
        Self {
            min_code_points: 15,
            max_bytes: Password::MAX_BYTES,
            service: ContextWords::new(),
        }
    }
}

/// Why a password may not be chosen: for the user to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyViolation {
    /// It has too few code points.
    #[error("the password must have at least {min_code_points} characters")]
    TooShort {
        /// How many it needs.
        min_code_points: usize,
    },
    /// It has too many bytes.
    #[error("the password must have at most {max_bytes} bytes")]
    TooLong {
        /// How many it may have.
        max_bytes: usize,
    },
    /// It contains a control character.
    #[error("the password must not contain control characters")]
    ControlCharacter,
    /// It is one of the commonest passwords, or two of them.
    #[error("the password is one of the most common, or made of them")]
    Common,
    /// It goes on as it begins.
    #[error("the password must be more than a repetition or a sequence")]
    Predictable,
    /// There is too little to it beside a name.
    #[error("the password must be more than your name, your address or the name of this service")]
    ContextWord,
    /// Others know it: it was found in a breach.
    #[error("the password has appeared in a data breach")]
    Breached,
}

impl PolicyViolation {
    /// A stable code for machines.
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooShort { .. } => "too_short",
            Self::TooLong { .. } => "too_long",
            Self::ControlCharacter => "control_character",
            Self::Common => "common_password",
            Self::Predictable => "predictable",
            Self::ContextWord => "context_word",
            Self::Breached => "breached",
        }
    }
}

/// A policy that must not be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// The least length is out of bounds.
    #[error("a password's least length must be {LEAST_MINIMUM} to {GREATEST_MINIMUM} code points")]
    Minimum,
    /// The greatest length is out of bounds.
    #[error(
        "a password's greatest length must be {LEAST_MAXIMUM} to {} bytes",
        Password::MAX_BYTES
    )]
    Maximum,
}

/// Whoever prepares text in another way says so in the version that is stored.
const _: () = assert!(matches!(
    PolicyVersion::CURRENT.text_version(),
    Some(Password::TEXT_VERSION)
));

/// NIST SP 800-63B-4 §3.1.1.2: never fewer, even beside a second factor.
const LEAST_MINIMUM: usize = 8;

/// NIST SP 800-63B-4 §3.1.1.2: 64 characters must be allowed.
const GREATEST_MINIMUM: usize = 64;

/// 64 code points of four bytes each.
const LEAST_MAXIMUM: usize = 4 * GREATEST_MINIMUM;
