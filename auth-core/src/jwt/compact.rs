//! The compact serialisation: three parts of base64url, two dots
//! (RFC 7515 §7.1).

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use super::verify::TokenError;

/// A token taken apart; nothing is decoded yet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Compact<'a> {
    /// Header and payload with the dot between them: what is signed.
    pub(crate) signed: &'a str,
    header: &'a str,
    payload: &'a str,
    signature: &'a str,
}

impl<'a> Compact<'a> {
    pub(crate) fn split(token: &'a str, max_len: usize) -> Result<Self, TokenError> {
        if token.len() > max_len {
            return Err(TokenError::TooLong);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(TokenError::NotAJws)?;
        let (header, payload) = signed.split_once('.').ok_or(TokenError::NotAJws)?;
        // Five parts are a JWE; whatever else has more dots is nothing at all.
        if payload.contains('.') {
            return Err(TokenError::NotAJws);
        }
        Ok(Self {
            signed,
            header,
            payload,
            signature,
        })
    }

    pub(crate) fn header(&self) -> Result<Vec<u8>, TokenError> {
        decode(self.header)
    }

    pub(crate) fn payload(&self) -> Result<Vec<u8>, TokenError> {
        decode(self.payload)
    }

    pub(crate) fn signature(&self) -> Result<Vec<u8>, TokenError> {
        decode(self.signature)
    }
}

/// Unpadded, nothing outside the alphabet, no trailing bits.
fn decode(part: &str) -> Result<Vec<u8>, TokenError> {
    if part.is_empty() {
        return Err(TokenError::Malformed("empty part"));
    }
    BASE64_URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|_| TokenError::Malformed("base64url"))
}
