//! Who somebody is at another platform.

use std::fmt;

/// An account at another platform: which platform, and the account's id there.
/// Both are compared byte for byte: what the platform tells apart is two
/// accounts here.
///
/// For `OpenID` Connect the platform is the issuer and the id is `sub`; a `sub`
/// is one only together with its issuer (OIDC Core §5.7). An e-mail address is
/// no id: it can be given to somebody else.
///
/// ```
/// use auth_store::PlatformKey;
///
/// let key = PlatformKey::new("https://accounts.example.com", "248289761001")?;
/// assert_eq!(key.external_id(), "248289761001");
/// assert!(PlatformKey::new("github", "").is_err());
/// # Ok::<(), auth_store::PlatformKeyError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlatformKey {
    platform: String,
    external_id: String,
}

/// Platform or id cannot be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("platform and external id have 1 to 255 bytes each, and no control characters")]
pub struct PlatformKeyError;

impl PlatformKey {
    /// The longest name of a platform, and the longest id, in bytes: what a
    /// `sub` may have at most (OIDC Core §2).
    pub const MAX_LEN: usize = 255;

    /// The account `external_id` of `platform`.
    ///
    /// # Errors
    /// [`PlatformKeyError`] when one of them is empty, too long, or has control
    /// characters.
    pub fn new(
        platform: impl Into<String>,
        external_id: impl Into<String>,
    ) -> Result<Self, PlatformKeyError> {
        let key = Self {
            platform: platform.into(),
            external_id: external_id.into(),
        };
        let fits = |text: &str| {
            (1..=Self::MAX_LEN).contains(&text.len()) && !text.chars().any(char::is_control)
        };
        if fits(&key.platform) && fits(&key.external_id) {
            Ok(key)
        } else {
            Err(PlatformKeyError)
        }
    }

    /// The platform.
    pub fn platform(&self) -> &str {
        &self.platform
    }

    /// The account's id there.
    pub fn external_id(&self) -> &str {
        &self.external_id
    }

    /// Before every key.
    pub(crate) const fn first() -> Self {
        Self {
            platform: String::new(),
            external_id: String::new(),
        }
    }
}

/// Shows where, and not who.
impl fmt::Debug for PlatformKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PlatformKey({:?}, ..)", self.platform)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_empty_too_long_or_invisible_is_no_key() {
        let longest = "é".repeat(127) + "x";
        for good in [" ", "a", "' OR 1=1", "\u{202e}a", &longest] {
            assert!(PlatformKey::new(good, good).is_ok(), "{good:?}");
        }
        let too_long = "é".repeat(128);
        for bad in ["", "a\0", "\0", "a\n", "\u{7f}", "\u{80}", &too_long] {
            assert_eq!(PlatformKey::new(bad, "a"), Err(PlatformKeyError), "{bad:?}");
            assert_eq!(PlatformKey::new("a", bad), Err(PlatformKeyError), "{bad:?}");
        }
        let shown = format!("{:?}", PlatformKey::new("github", "4711").unwrap());
        assert!(
            shown.contains("github") && !shown.contains("4711"),
            "{shown}"
        );
    }
}
