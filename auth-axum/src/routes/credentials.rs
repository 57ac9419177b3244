//! Secrets in a request's body.

use std::fmt;

use auth_core::DeviceToken;
use auth_core::password::{Password, PasswordError};
use auth_sdk::{RefreshToken, ResetToken};
use serde::de::{Deserialize, Deserializer, Error, Visitor};

/// A text given as a password. One that is too long to be anybody's is told
/// differently where a password is chosen and where it is checked.
#[derive(Debug)]
pub(super) struct GivenPassword(pub(super) Result<Password, PasswordError>);

impl<'de> Deserialize<'de> for GivenPassword {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text(deserializer).map(|text| Self(Password::new(text)))
    }
}

/// A text given as a refresh token.
#[derive(Debug)]
pub(super) struct GivenToken(pub(super) RefreshToken);

impl<'de> Deserialize<'de> for GivenToken {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text(deserializer).map(|text| Self(RefreshToken::from_text(text)))
    }
}

/// A text given as a device token.
#[derive(Debug)]
pub(super) struct GivenDevice(pub(super) DeviceToken);

impl<'de> Deserialize<'de> for GivenDevice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text(deserializer).map(|text| Self(DeviceToken::from_text(text)))
    }
}

/// A text given as a reset token.
#[derive(Debug)]
pub(super) struct GivenReset(pub(super) ResetToken);

impl<'de> Deserialize<'de> for GivenReset {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text(deserializer).map(|text| Self(ResetToken::from_text(text)))
    }
}

fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    deserializer.deserialize_str(Text)
}

struct Text;

impl Visitor<'_> for Text {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_secret() {
        let password: GivenPassword = serde_json::from_str("\"hunter2\"").unwrap();
        assert_eq!(format!("{password:?}"), "GivenPassword(Ok(Password(..)))");
        let token: GivenToken = serde_json::from_str("\"v1.hunter2\"").unwrap();
        assert!(!format!("{token:?}").contains("hunter2"));
        let device: GivenDevice = serde_json::from_str("\"d1.hunter2\"").unwrap();
        assert!(!format!("{device:?}").contains("hunter2"));
        let reset: GivenReset = serde_json::from_str("\"r1.hunter2\"").unwrap();
        assert!(!format!("{reset:?}").contains("hunter2"));
    }
}
