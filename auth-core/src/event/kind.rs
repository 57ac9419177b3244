//! What kinds of events there are.

use std::fmt;
use std::str::FromStr;

/// What has happened, in words of `A-Z`, `a-z`, `0-9`, `-` and `_` with dots in
/// between: the `type` of a CloudEvent. It is part of subjects and headers of
/// buses, so it can hold nothing that means something there.
///
/// ```
/// use auth_core::event::EventKind;
///
/// assert!(EventKind::new("orders.order_paid").is_ok());
/// for bad in ["", ".", "a..b", "a b", "a.*", "a.>", "a\r\nb"] {
///     assert!(EventKind::new(bad).is_err());
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EventKind(String);

/// A text cannot be the kind of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an event's kind is words of A-Z, a-z, 0-9, - and _ with dots between, at most 128 bytes")]
pub struct EventKindError;

impl EventKind {
    /// The most bytes it may have.
    pub const MAX_LEN: usize = 128;

    /// Takes a text that can be one.
    ///
    /// # Errors
    /// [`EventKindError`] for any other.
    pub fn new(text: impl Into<String>) -> Result<Self, EventKindError> {
        let text = text.into();
        let is_word = |word: &str| {
            let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
            !word.is_empty() && word.bytes().all(fits)
        };
        if text.len() <= Self::MAX_LEN && text.split('.').all(is_word) {
            Ok(Self(text))
        } else {
            Err(EventKindError)
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for EventKind {
    type Err = EventKindError;

    fn from_str(text: &str) -> Result<Self, EventKindError> {
        Self::new(text)
    }
}
