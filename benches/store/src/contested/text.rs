//! A refresh token as a client sees it: read by the documented form, not by the
//! SDK's codec.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

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

    /// For tests: a token that nobody's key has signed.
    #[cfg(test)]
    pub(crate) fn write(session: u8, generation: u32, secret: u8) -> String {
        let mut bytes = [secret; 88];
        bytes[4..20].fill(session);
        bytes[20..24].copy_from_slice(&generation.to_be_bytes());
        format!("v1.{}", URL_SAFE_NO_PAD.encode(bytes))
    }
}
