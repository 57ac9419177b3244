//! What a token allows: scopes after RFC 6749 §3.3.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A set of scope tokens, written space-separated and in order.
///
/// ```
/// use auth_core::Scope;
///
/// let scope: Scope = "orders:write orders:read".parse()?;
/// assert!(scope.contains("orders:read"));
/// assert_eq!(scope.to_string(), "orders:read orders:write");
/// # Ok::<(), auth_core::ScopeError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Scope(BTreeSet<Box<str>>);

/// A text is not a scope: RFC 6749 §3.3 allows printable ASCII without `"`
/// and `\`, separated by single spaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a valid scope")]
pub struct ScopeError;

impl Scope {
    /// The most bytes a scope may have.
    pub const MAX_LEN: usize = 1024;

    /// Allows nothing.
    pub const fn empty() -> Self {
        Self(BTreeSet::new())
    }

    /// Whether it names `token`, compared byte for byte.
    pub fn contains(&self, token: &str) -> bool {
        self.0.contains(token)
    }

    /// Whether everything it names is in `other` too.
    pub fn is_subset_of(&self, other: &Self) -> bool {
        self.0.is_subset(&other.0)
    }

    /// What both name.
    pub fn intersection(&self, other: &Self) -> Self {
        Self(self.0.intersection(&other.0).cloned().collect())
    }

    /// Whether it names nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Its tokens, in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(AsRef::as_ref)
    }
}

impl Scope {
    /// Whether `text` is a scope (RFC 6749 §3.3).
    pub(crate) fn is_valid(text: &str) -> bool {
        let allowed = |b| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        // In one pass, since every token has one: a space ends a word that is
        // not empty, and so does the end.
        let mut in_word = false;
        let fits = text.bytes().all(|byte| {
            let ends_word = byte == b' ' && in_word;
            in_word = allowed(byte);
            in_word || ends_word
        });
        text.is_empty() || (text.len() <= Self::MAX_LEN && fits && in_word)
    }
}

impl FromStr for Scope {
    type Err = ScopeError;

    fn from_str(text: &str) -> Result<Self, ScopeError> {
        if !Self::is_valid(text) {
            return Err(ScopeError);
        }
        let tokens = text.split(' ').filter(|token| !token.is_empty());
        Ok(Self(tokens.map(Into::into).collect()))
    }
}

impl TryFrom<String> for Scope {
    type Error = ScopeError;

    fn try_from(text: String) -> Result<Self, ScopeError> {
        text.parse()
    }
}

impl From<Scope> for String {
    fn from(scope: Scope) -> Self {
        scope.to_string()
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, token) in self.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            f.write_str(token)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_compares_whole_tokens() {
        let scope: Scope = "orders:read".parse().unwrap();
        assert!(!scope.contains("orders"));
        assert!(!scope.contains("orders:read "));
        assert!(!scope.contains(""));
    }

    #[test]
    fn what_the_grammar_forbids_is_refused() {
        for bad in [
            " ",
            "a  b",
            "a ",
            " a",
            "a\"b",
            "a\\b",
            "a\tb",
            "é",
            "a\0",
            &"x".repeat(1025),
        ] {
            assert_eq!(bad.parse::<Scope>(), Err(ScopeError), "{bad:?}");
        }
        assert_eq!("".parse::<Scope>(), Ok(Scope::empty()));
    }
}
