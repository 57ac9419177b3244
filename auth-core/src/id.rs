//! Identifiers: one type for each thing that can be named.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::display::Base64Display;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::random::{EntropyError, SecureRandom, draw};
use crate::time::Timestamp;

/// A text is not the identifier it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a valid identifier")]
pub struct ParseIdError;

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Draws a new time-ordered identifier (`UUIDv7`, RFC 9562 §5.7).
            ///
            /// # Errors
            /// [`EntropyError`] when the source of randomness fails.
            pub fn draw(now: Timestamp, random: &dyn SecureRandom) -> Result<Self, EntropyError> {
                let millis = u64::try_from(now.unix_micros() / 1_000).unwrap_or(0);
                let noise = draw(random)?;
                Ok(Self(uuid::Builder::from_unix_timestamp_millis(millis, &noise).into_uuid()))
            }

            /// Takes a UUID that comes from elsewhere.
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID itself.
            pub const fn as_uuid(&self) -> &Uuid {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.as_hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            /// Reads the canonical form only: lower case, hyphenated.
            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                // Of the spellings that are read, one has 36 bytes.
                let canonical = text.len() == 36 && !text.bytes().any(|b| b.is_ascii_uppercase());
                match Uuid::try_parse(text) {
                    Ok(id) if canonical => Ok(Self(id)),
                    _ => Err(ParseIdError),
                }
            }
        }
    };
}

uuid_id! {
    /// A user account; the `sub` claim.
    UserId
}
uuid_id! {
    /// A session: one log-in and everything refreshed from it; the `sid` claim.
    SessionId
}
uuid_id! {
    /// An API key. It is in the key itself, and no secret.
    ApiKeyId
}
uuid_id! {
    /// A tenant; the `tid` claim. Nothing of one tenant is visible in another.
    TenantId
}

uuid_id! {
    /// An event; the `id` of a CloudEvent. Whoever hears of an event twice knows
    /// it by this.
    EventId
}

impl TenantId {
    /// The tenant of an application that has only one.
    pub const DEFAULT: Self = Self(Uuid::nil());
}

impl Default for TenantId {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// The identifier of one access token: 128 random bits; the `jti` claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TokenId([u8; 16]);

impl TokenId {
    /// Draws a new identifier.
    ///
    /// # Errors
    /// [`EntropyError`] when the source of randomness fails.
    pub fn draw(random: &dyn SecureRandom) -> Result<Self, EntropyError> {
        draw(random).map(Self)
    }

    /// Takes bytes that were drawn for it.
    pub(crate) const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Appends it to a text.
    pub(crate) fn write(&self, text: &mut Vec<u8>) {
        // As much as 16 bytes need.
        let mut room = [0; 22];
        if BASE64_URL_SAFE_NO_PAD
            .encode_slice(self.0, &mut room)
            .is_ok()
        {
            text.extend_from_slice(&room);
        }
    }
}

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Base64Display::new(&self.0, &BASE64_URL_SAFE_NO_PAD).fmt(f)
    }
}

/// An OAuth client (RFC 6749 §2.2): the application that asked for the
/// session. A refresh token is bound to it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClientId(String);

impl ClientId {
    /// The most bytes it may have.
    pub const MAX_LEN: usize = 128;

    /// Takes 1 to 128 printable ASCII characters (RFC 6749 appendix A.1).
    ///
    /// # Errors
    /// [`ParseIdError`] for anything else.
    pub fn new(text: impl Into<String>) -> Result<Self, ParseIdError> {
        let text = text.into();
        let fits = (1..=Self::MAX_LEN).contains(&text.len());
        if fits && text.bytes().all(|b| matches!(b, 0x20..=0x7e)) {
            Ok(Self(text))
        } else {
            Err(ParseIdError)
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for ClientId {
    /// The application itself, where there is no other client.
    fn default() -> Self {
        Self("first-party".to_owned())
    }
}

impl TryFrom<String> for ClientId {
    type Error = ParseIdError;

    fn try_from(text: String) -> Result<Self, ParseIdError> {
        Self::new(text)
    }
}

impl From<ClientId> for String {
    fn from(id: ClientId) -> Self {
        id.0
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SystemRandom;

    #[test]
    fn ids_are_ordered_by_time_and_read_back() {
        let random = SystemRandom::new();
        let early = UserId::draw(Timestamp::from_unix_seconds(1), &random).unwrap();
        let late = UserId::draw(Timestamp::from_unix_seconds(2), &random).unwrap();
        assert!(early < late);
        assert_eq!(early.to_string().parse(), Ok(early));
    }

    #[test]
    fn only_the_canonical_spelling_is_an_id() {
        let id = "0190a5d0-7c3f-7000-8000-0123456789ab";
        assert!(id.parse::<UserId>().is_ok());
        for other in [
            "0190A5D0-7C3F-7000-8000-0123456789AB",
            "0190a5d07c3f700080000123456789ab",
            "{0190a5d0-7c3f-7000-8000-0123456789ab}",
            "urn:uuid:0190a5d0-7c3f-7000-8000-0123456789ab",
            " 0190a5d0-7c3f-7000-8000-0123456789ab",
            "",
        ] {
            assert_eq!(other.parse::<UserId>(), Err(ParseIdError), "{other}");
        }
    }

    #[test]
    fn a_client_id_is_short_printable_ascii() {
        assert!(ClientId::new("mobile app").is_ok());
        for bad in ["", "a\0", "é", &"x".repeat(129)] {
            assert!(ClientId::new(bad).is_err(), "{bad}");
        }
    }
}
