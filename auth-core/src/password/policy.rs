//! What a user may choose as a password.

use super::plaintext::Password;

/// What is asked of a new password (NIST SP 800-63B-4 §3.1.1.2): length, and
/// nothing about its composition. It is for sign-up and change; at log-in
/// whatever was accepted once goes on working.
///
/// # Defaults
/// - at least 15 code points, for a password that is the only factor
/// - at most [`Password::MAX_BYTES`] bytes
///
/// ```
/// use auth_core::password::{Password, PasswordPolicy};
///
/// let policy = PasswordPolicy::default();
/// let short = Password::new("hunter2".to_owned())?;
/// assert_eq!(policy.check(&short).map_err(|v| v.code()), Err("too_short"));
/// # Ok::<(), auth_core::password::PasswordError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordPolicy {
    min_code_points: usize,
    max_bytes: usize,
}

impl PasswordPolicy {
    /// Asks for at least `min` code points; 8 where a second factor is required.
    ///
    /// # Errors
    /// [`PolicyError::Minimum`] below 8, which NIST forbids, and above 64, which
    /// no user should be refused for.
    pub const fn with_min_code_points(self, min: usize) -> Result<Self, PolicyError> {
        if min < LEAST_MINIMUM || min > GREATEST_MINIMUM {
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
    pub const fn with_max_bytes(self, max: usize) -> Result<Self, PolicyError> {
        if max < LEAST_MAXIMUM || max > Password::MAX_BYTES {
            return Err(PolicyError::Maximum);
        }
        Ok(Self {
            max_bytes: max,
            ..self
        })
    }

    /// Whether `password` may be chosen. Its length is counted in code points of
    /// its NFC form.
    ///
    /// Control characters are refused, NUL, tab and line breaks among them: they
    /// are not printable, get in by pasting, cannot be typed at the next log-in,
    /// and NUL ends the text for whatever is written in C on the way.
    ///
    /// # Errors
    /// The first [`PolicyViolation`] that is found.
    pub fn check(&self, password: &Password) -> Result<(), PolicyViolation> {
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
        Ok(())
    }
}

impl Default for PasswordPolicy {
    fn default() -> Self {
        Self {
            min_code_points: 15,
            max_bytes: Password::MAX_BYTES,
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
}

impl PolicyViolation {
    /// A stable code for machines.
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooShort { .. } => "too_short",
            Self::TooLong { .. } => "too_long",
            Self::ControlCharacter => "control_character",
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

/// NIST SP 800-63B-4 §3.1.1.2: never fewer, even beside a second factor.
const LEAST_MINIMUM: usize = 8;

/// NIST SP 800-63B-4 §3.1.1.2: 64 characters must be allowed.
const GREATEST_MINIMUM: usize = 64;

/// 64 code points of four bytes each.
const LEAST_MAXIMUM: usize = 4 * GREATEST_MINIMUM;
