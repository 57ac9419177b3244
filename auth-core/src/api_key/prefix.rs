//! What an application's keys begin with.

use std::fmt;
use std::str::FromStr;

/// What all API keys of an application begin with: 3 to 32 of `a`–`z`, `0`–`9`
/// and `_`, a letter first and no `_` last. Something that is the
/// application's own, such as `acme_live`, lets a scanner know whose key it has
/// found.
///
/// ```
/// use auth_core::api_key::ApiKeyPrefix;
///
/// let prefix: ApiKeyPrefix = "acme_live".parse()?;
/// assert!(prefix.is_of("acme_live_AbC"));
/// assert!(!prefix.is_of("acme_test_AbC"));
/// assert!("Acme".parse::<ApiKeyPrefix>().is_err());
/// # Ok::<(), auth_core::api_key::ApiKeyPrefixError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ApiKeyPrefix(Box<str>);

/// A text cannot be what keys begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a prefix of API keys has 3 to 32 of a-z, 0-9 and _, begins with a letter and does not end with _"
)]
pub struct ApiKeyPrefixError;

impl ApiKeyPrefix {
    /// The longest prefix, in bytes.
    pub const MAX_LEN: usize = 32;

    /// The prefix itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a bearer credential is meant to be an API key with this prefix.
    /// A JWT never is: it has dots, and a key has none.
    pub fn is_of(&self, credential: &str) -> bool {
        self.rest_of(credential)
            .is_some_and(|rest| !rest.contains('.'))
    }

    /// What follows prefix and separator.
    pub(super) fn rest_of<'t>(&self, credential: &'t str) -> Option<&'t str> {
        credential.strip_prefix(&*self.0)?.strip_prefix('_')
    }
}

impl FromStr for ApiKeyPrefix {
    type Err = ApiKeyPrefixError;

    fn from_str(text: &str) -> Result<Self, ApiKeyPrefixError> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        let fits = (3..=Self::MAX_LEN).contains(&text.len())
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.bytes().all(allowed)
            && !text.ends_with('_');
        if fits {
            Ok(Self(text.into()))
        } else {
            Err(ApiKeyPrefixError)
        }
    }
}

impl fmt::Display for ApiKeyPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ApiKeyPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiKeyPrefix({})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_header_or_a_scanner_could_misread_is_no_prefix() {
        let longest = "a".repeat(ApiKeyPrefix::MAX_LEN);
        for good in ["acm", "acme_live", "a_b", "a1_2", longest.as_str()] {
            assert_eq!(good.parse::<ApiKeyPrefix>().unwrap().as_str(), good);
        }
        let too_long = "a".repeat(ApiKeyPrefix::MAX_LEN + 1);
        for bad in [
            "", "ab", "1ab", "_ab", "abc_", "aBc", "a-b", "a.b", "a b", "äbc", "abc\0", &too_long,
        ] {
            assert_eq!(
                bad.parse::<ApiKeyPrefix>(),
                Err(ApiKeyPrefixError),
                "{bad:?}"
            );
        }
    }

    #[test]
    fn a_token_is_never_taken_for_a_key() {
        let prefix: ApiKeyPrefix = "eyj".parse().unwrap();
        assert!(!prefix.is_of("eyj_aa.bb.cc"));
        assert!(!prefix.is_of("eyj"));
        assert!(!prefix.is_of(""));
        assert!(prefix.is_of("eyj_"));
    }
}
