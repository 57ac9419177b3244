//! A refresh token as a client sees it: read by the documented form, not by the
//! SDK's codec.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

/// `v1.` and 88 bytes: root key id (4), session (16), generation (4), secret (32),
/// MAC (32).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Text {
    pub(crate) session: [u8; 16],
    pub(crate) generation: u32,
    pub(crate) secret: [u8; 32],
}

impl Text {
    pub(crate) fn read(token: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(token.strip_prefix("v1.")?).ok()?;
        let bytes: [u8; 88] = bytes.try_into().ok()?;
        Some(Self {
            session: bytes[4..20].try_into().ok()?,
            generation: u32::from_be_bytes(bytes[20..24].try_into().ok()?),
            secret: bytes[24..56].try_into().ok()?,
        })
    }

    /// A token that nobody's key has signed.
    #[cfg(test)]
    pub(crate) fn write(session: u8, generation: u32, secret: u8) -> String {
        let mut bytes = [secret; 88];
        bytes[4..20].fill(session);
        bytes[20..24].copy_from_slice(&generation.to_be_bytes());
        format!("v1.{}", URL_SAFE_NO_PAD.encode(bytes))
    }
}

/// Which token it is, without its secret.
impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let session = Uuid::from_bytes(self.session);
        write!(f, "generation {} of session {session}", self.generation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_and_nothing_else() {
        let token = Text::write(7, 3, 9);
        let text = Text::read(&token).unwrap();
        assert_eq!((text.session, text.generation), ([7; 16], 3));
        assert_eq!(text.secret, [9; 32]);
        for wrong in ["", "v1.", &token[1..], &token[..token.len() - 1]] {
            assert_eq!(Text::read(wrong), None, "{wrong}");
        }
    }
}
