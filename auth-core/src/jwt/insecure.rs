//! Looking into a token without verifying it: for tools and logs, never for a
//! decision.

use serde_json::Value;

use super::compact::Compact;
use super::error::TokenError;
use super::issue::TokenIssuer;

/// What a token claims to say. Anybody can have written it; nothing in these
/// crates accepts it as an identity.
#[derive(Clone, Debug, PartialEq)]
pub struct Unverified {
    /// The header.
    pub header: Value,
    /// The payload.
    pub claims: Value,
}

/// Looks into a token of up to 8 KiB. Its signature is not checked.
///
/// ```
/// use auth_core::jwt::insecure::peek;
///
/// let token = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJtYWxsb3J5In0.eA";
/// assert_eq!(peek(token)?.claims["sub"], "mallory"); // says whoever wrote it
/// # Ok::<(), auth_core::jwt::TokenError>(())
/// ```
///
/// # Errors
/// [`TokenError`] when it is no compact JWS of two JSON objects.
pub fn peek(token: &str) -> Result<Unverified, TokenError> {
    let compact = Compact::split(token, TokenIssuer::MAX_LEN)?;
    let object = |bytes: &[u8]| match serde_json::from_slice(bytes) {
        Ok(object @ Value::Object(_)) => Ok(object),
        _ => Err(TokenError::Malformed("JSON")),
    };
    Ok(Unverified {
        header: object(&compact.header(&mut [0; _])?)?,
        claims: object(compact.payload()?.as_bytes())?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c32_what_is_no_token_is_no_object_to_look_into() {
        for bad in ["", "a.b", "..", "W10.e30.eA", "e30.MQ.eA", "e30.e30.e30.eA"] {
            assert!(peek(bad).is_err(), "{bad}");
        }
    }
}
