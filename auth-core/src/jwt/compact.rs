//! The compact serialisation: three parts of base64url, two dots
//! (RFC 7515 §7.1).

use std::borrow::Cow;

use super::base64url;
use super::error::TokenError;

/// A token taken apart; nothing is decoded yet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Compact<'a> {
    /// Header and payload with the dot between them: what is signed.
    pub(crate) signed: &'a str,
    /// The header as it is written.
    pub(crate) header: &'a str,
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

    /// The header's bytes, in `buffer` if they fit.
    pub(crate) fn header<'b>(&self, buffer: &'b mut Buffer) -> Result<Cow<'b, [u8]>, TokenError> {
        decode_in(self.header, buffer)
    }

    /// The signature's bytes, in `buffer` if they fit.
    pub(crate) fn signature<'b>(
        &self,
        buffer: &'b mut Buffer,
    ) -> Result<Cow<'b, [u8]>, TokenError> {
        decode_in(self.signature, buffer)
    }

    /// The payload's text, in memory of exactly its length.
    pub(crate) fn payload(&self) -> Result<String, TokenError> {
        let mut payload = vec![0; decoded_len(self.payload)?];
        decode_to(self.payload, &mut payload)?;
        String::from_utf8(payload).map_err(|_| TokenError::Malformed("JSON"))
    }
}

/// Room for the headers and signatures that there are: an RSA signature of
/// 4096 bits has 512 bytes.
pub(crate) type Buffer = [u8; 512];

fn decode_in<'b>(part: &str, buffer: &'b mut Buffer) -> Result<Cow<'b, [u8]>, TokenError> {
    let len = decoded_len(part)?;
    if let Some(room) = buffer.get_mut(..len) {
        decode_to(part, room)?;
        return Ok(Cow::Borrowed(room));
    }
    let mut bytes = vec![0; len];
    decode_to(part, &mut bytes)?;
    Ok(Cow::Owned(bytes))
}

fn decoded_len(part: &str) -> Result<usize, TokenError> {
    if part.is_empty() {
        return Err(TokenError::Malformed("empty part"));
    }
    Ok(part.len() * 3 / 4)
}

fn decode_to(part: &str, bytes: &mut [u8]) -> Result<(), TokenError> {
    if base64url::decode(part, bytes) {
        Ok(())
    } else {
        Err(TokenError::Malformed("base64url"))
    }
}
