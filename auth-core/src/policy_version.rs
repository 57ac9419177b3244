//! Under which rules a password was chosen.

use std::fmt;

/// Under which rules a password was chosen: how its text was prepared before it
/// was hashed, and what it was held to. A store keeps it beside the hash, so that
/// those who chose under older rules can be asked to choose again. Later versions
/// are greater.
///
/// | version | text | held to |
/// |---|---|---|
/// | 1 | normalisation form C, and nothing else | a least length in code points, 55 860 common passwords and their pairs, what is predictable, context words |
///
/// It is of the rules and the list that come with this crate. What an application
/// sets by itself is not in it: the least length, the words of the service,
/// whether breached passwords are asked for.
///
/// A hash that is renewed at log-in keeps the version: it is of the same text,
/// which nobody has chosen again.
///
/// ```
/// use auth_core::PolicyVersion;
///
/// let stored = PolicyVersion::new(1).expect("not below 1");
/// assert!(stored <= PolicyVersion::CURRENT);
/// assert_eq!(stored.text_version(), Some(1));
/// assert_eq!(PolicyVersion::new(0), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PolicyVersion(i16);

impl PolicyVersion {
    /// The version of this build's rules. It rises when a password that was
    /// accepted may no longer be, and when text is prepared in another way.
    pub const CURRENT: Self = Self(1);

    /// The version that a store has kept: 1 to 32 767, which is what the small
    /// integers of databases hold. One that is greater than
    /// [`CURRENT`](Self::CURRENT) is of a later build.
    pub const fn new(number: i16) -> Option<Self> {
        if number < 1 { None } else { Some(Self(number)) }
    }

    /// Whether a password that was accepted under `accepted` was held to all that
    /// this version asks, that one being the same or a later one. Of a password
    /// without a version nobody can say so.
    ///
    /// ```
    /// use auth_core::PolicyVersion;
    ///
    /// let [first, second, third] = [1, 2, 3].map(PolicyVersion::new);
    /// let now = second.expect("not below 1");
    /// assert!(now.is_met_by(second) && now.is_met_by(third));
    /// assert!(!now.is_met_by(first) && !now.is_met_by(None));
    /// ```
    pub fn is_met_by(self, accepted: Option<Self>) -> bool {
        accepted >= Some(self)
    }

    /// The number to store.
    pub const fn number(self) -> i16 {
        self.0
    }

    /// The version of the text's preparation: `Password::TEXT_VERSION` as it was
    /// then; `None` of a version that only a later build knows.
    pub const fn text_version(self) -> Option<u32> {
        match self.0 {
            1 => Some(1),
            _ => None,
        }
    }
}

impl fmt::Display for PolicyVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
