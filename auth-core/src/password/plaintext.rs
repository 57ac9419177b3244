//! A password in the clear.

use std::fmt;

use icu_normalizer::ComposingNormalizerBorrowed;
use zeroize::Zeroizing;

use crate::secret::Secret;

/// A password as its user means it: bounded, in Unicode normalisation form C,
/// never shown, wiped on drop.
///
/// NFC makes "é" one password, however the keyboard spells it (NIST
/// SP 800-63B-4 §3.1.1.2). Nothing else is touched: case, spaces and every
/// character count. Text is normalised here and nowhere else; a code point that
/// Unicode has not assigned yet is kept as it is, and may normalise differently
/// once it is.
///
/// ```
/// use auth_core::password::Password;
///
/// let composed = Password::new("caf\u{e9}".to_owned())?;
/// let decomposed = Password::new("cafe\u{301}".to_owned())?;
/// assert_eq!(composed.expose(), decomposed.expose());
/// assert_eq!(format!("{composed:?}"), "Password(..)");
/// # Ok::<(), auth_core::password::PasswordError>(())
/// ```
#[derive(Clone)]
pub struct Password {
    normal: Secret<String>,
    /// As it was spelled, where that is something else.
    typed: Option<Secret<String>>,
}

impl Password {
    /// The most bytes a password may have in NFC. Longer ones are refused, never
    /// cut: a cut password lets a different one in.
    pub const MAX_BYTES: usize = 1024;

    /// The version of what is done to a password's text before it is hashed:
    /// normalisation form C, and nothing else. Which one a stored hash is of is
    /// said by the [`PolicyVersion`](crate::PolicyVersion) beside it; one that has
    /// none is of version 1, as all are so far.
    pub const TEXT_VERSION: u32 = 1;

    /// Takes a password into custody.
    ///
    /// # Errors
    /// [`PasswordError::TooLong`] over [`MAX_BYTES`](Self::MAX_BYTES) in NFC.
    pub fn new(text: String) -> Result<Self, PasswordError> {
        let text = Zeroizing::new(text);
        // Bounds the work of normalising, with room for the longest spelling of
        // a password that would fit once composed.
        if text.len() > MAX_SPELLING * Self::MAX_BYTES {
            return Err(PasswordError::TooLong);
        }
        let (normal, typed) = match compose(&text) {
            Some(composed) => (composed, Some(into_secret(text))),
            None => (text, None),
        };
        if normal.len() > Self::MAX_BYTES {
            return Err(PasswordError::TooLong);
        }
        Ok(Self {
            normal: into_secret(normal),
            typed,
        })
    }

    /// The text itself. Keep it out of logs, errors and long-lived copies.
    pub fn expose(&self) -> &str {
        self.normal.expose()
    }

    /// The text as it was given, where normalising changed it. It is for hashes
    /// that other systems made, which did not normalise.
    pub(super) fn typed(&self) -> Option<&str> {
        self.typed.as_ref().map(|typed| typed.expose().as_str())
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

/// The text cannot be a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PasswordError {
    /// It has more than [`Password::MAX_BYTES`] bytes.
    #[error("the password has more than {} bytes", Password::MAX_BYTES)]
    TooLong,
}

impl PasswordError {
    /// A stable code for machines, the same as the policy's.
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooLong => "too_long",
        }
    }
}

/// The normal form of `text`, if it is another.
fn compose(text: &str) -> Option<Zeroizing<String>> {
    let normalizer = ComposingNormalizerBorrowed::new_nfc();
    if normalizer.is_normalized(text) {
        return None;
    }
    // Full size from the start: a buffer that grows leaves copies behind.
    let mut composed = Zeroizing::new(String::with_capacity(MAX_EXPANSION * text.len()));
    // Writing to a string cannot fail; were it to, the text as given is at
    // least the same password tomorrow.
    normalizer.normalize_to(text, &mut *composed).ok()?;
    Some(composed)
}

fn into_secret(mut text: Zeroizing<String>) -> Secret<String> {
    Secret::new(std::mem::take(&mut *text))
}

/// How many times longer than its NFC form a spelling may be. The longest known
/// one is three and a half times as long (U+1FBE U+0308 U+0301 for U+0390).
const MAX_SPELLING: usize = 4;

/// How much NFC can lengthen UTF-8 at most (UAX #15, table of expansion factors).
const MAX_EXPANSION: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn composing_never_grows_its_buffer() {
        for text in [
            "\u{1d160}".repeat(300),
            "\u{344}".repeat(500),
            "e\u{301}".repeat(300),
        ] {
            let given = text.len();
            let composed = compose(&text).expect("not in normal form");
            assert_eq!(composed.capacity(), MAX_EXPANSION * given);
        }
    }
}
