//! What a user signs in with: an e-mail address, a name, a number.

use std::fmt;

use icu_casemap::CaseMapper;
use icu_normalizer::ComposingNormalizer;

/// A sign-in identifier, normalised once: surrounding white space removed,
/// NFC, simple case folding (Unicode §5.18), NFC again. `A@x.org` and
/// `a@x.org ` are one account; what the user typed is kept beside it.
///
/// ```
/// use auth_store::Identifier;
///
/// let typed = Identifier::new(" Ada@Example.org ")?;
/// assert_eq!(typed.normalized(), "ada@example.org");
/// assert_eq!(typed.original(), "Ada@Example.org");
/// # Ok::<(), auth_store::IdentifierError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Identifier {
    original: String,
    normalized: String,
}

/// A text cannot identify a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentifierError {
    /// Nothing but white space.
    #[error("the identifier is empty")]
    Empty,
    /// More than [`Identifier::MAX_LEN`] bytes.
    #[error("the identifier is longer than 320 bytes")]
    TooLong,
    /// A control character, a line break, or an invisible directional mark,
    /// which would let two accounts look alike.
    #[error("the identifier contains a control character")]
    Control,
}

impl IdentifierError {
    /// A stable code for machines.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooLong => "too_long",
            Self::Control => "control_character",
        }
    }
}

impl Identifier {
    /// The most bytes an identifier may have: the longest e-mail address.
    pub const MAX_LEN: usize = 320;

    /// Normalises what a user typed.
    ///
    /// # Errors
    /// [`IdentifierError`] when it cannot identify anybody.
    pub fn new(typed: &str) -> Result<Self, IdentifierError> {
        // Before any work: normalising can treble the length.
        if typed.len() > 2 * Self::MAX_LEN {
            return Err(IdentifierError::TooLong);
        }
        let original = typed.trim();
        if original.is_empty() {
            return Err(IdentifierError::Empty);
        }
        if original.chars().any(is_control) {
            return Err(IdentifierError::Control);
        }
        let normalized = normalize(original);
        if original.len() > Self::MAX_LEN || normalized.len() > Self::MAX_LEN {
            return Err(IdentifierError::TooLong);
        }
        Ok(Self {
            original: original.to_owned(),
            normalized,
        })
    }

    /// The form that is compared and unique.
    pub fn normalized(&self) -> &str {
        &self.normalized
    }

    /// What the user typed, without surrounding white space.
    pub fn original(&self) -> &str {
        &self.original
    }
}

fn normalize(text: &str) -> String {
    let nfc = ComposingNormalizer::new_nfc();
    let case = CaseMapper::new();
    let folded: String = nfc
        .normalize(text)
        .chars()
        .map(|c| case.simple_fold(c))
        .collect();
    nfc.normalize(&folded).into_owned()
}

/// C0, C1, and the format characters that reorder or hide text.
fn is_control(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Shows nothing of it: identifiers are personal data.
impl fmt::Debug for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identifier(..)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn same(a: &str, b: &str) -> bool {
        Identifier::new(a).unwrap().normalized() == Identifier::new(b).unwrap().normalized()
    }

    #[test]
    fn spellings_of_one_address_are_one_account() {
        assert!(same("A@x.org", "a@x.org "));
        assert!(same("jos\u{e9}@x.org", "JOSE\u{301}@x.org"));
        assert!(same("ΣΊΣΥΦΟΣ", "σίσυφος"));
        assert!(!same("a@x.org", "a@x.com"));
        assert!(!same("stra\u{df}e", "strasse"));
    }

    #[test]
    fn what_cannot_identify_anybody_is_refused() {
        assert_eq!(Identifier::new(" \t"), Err(IdentifierError::Empty));
        assert_eq!(Identifier::new("a\0b"), Err(IdentifierError::Control));
        assert_eq!(Identifier::new("a\u{202e}b"), Err(IdentifierError::Control));
        assert_eq!(
            Identifier::new(&"x".repeat(321)),
            Err(IdentifierError::TooLong)
        );
        assert_eq!(
            Identifier::new(&"x".repeat(1 << 20)),
            Err(IdentifierError::TooLong)
        );
    }

    proptest! {
        #[test]
        fn normalising_twice_changes_nothing(text in "\\PC{1,40}") {
            if let Ok(once) = Identifier::new(&text) {
                let twice = Identifier::new(once.normalized());
                prop_assert_eq!(twice.map(|i| i.normalized), Ok(once.normalized));
            }
        }
    }
}
