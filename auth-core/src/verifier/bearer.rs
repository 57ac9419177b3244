//! The bearer token of a request (RFC 6750 §2.1).

use crate::error::Code;

/// A request's `Authorization` cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BearerError {
    /// More than one header: a proxy and we might read different ones.
    #[error("more than one Authorization header")]
    Repeated,
    /// The scheme is Bearer, and nothing or more than one word follows.
    #[error("malformed Authorization header")]
    Malformed,
    /// The scheme is Bearer, and the one word that follows is no token.
    #[error("malformed bearer token")]
    NoToken,
}

impl BearerError {
    /// What the caller is told: a request that is malformed is 400, a token
    /// that is malformed is 401 (RFC 6750 §3.1).
    pub const fn code(self) -> Code {
        match self {
            Self::Repeated | Self::Malformed => Code::InvalidRequest,
            Self::NoToken => Code::InvalidToken,
        }
    }
}

/// Finds the bearer token among the values of a request's `Authorization`
/// headers. `None`: there is none; another scheme is none.
///
/// ```
/// use auth_core::verifier::bearer_token;
///
/// assert_eq!(bearer_token([&b"Bearer abc"[..]]), Ok(Some("abc")));
/// assert_eq!(bearer_token([&b"Basic dTpw"[..]]), Ok(None));
/// assert_eq!(bearer_token([]), Ok(None));
/// ```
///
/// # Errors
/// [`BearerError`] when the headers are ambiguous or malformed.
pub fn bearer_token<'a>(
    headers: impl IntoIterator<Item = &'a [u8]>,
) -> Result<Option<&'a str>, BearerError> {
    let mut headers = headers.into_iter();
    let Some(value) = headers.next() else {
        return Ok(None);
    };
    if headers.next().is_some() {
        return Err(BearerError::Repeated);
    }
    let value = value.trim_ascii();
    let end = value
        .iter()
        .position(|byte| *byte == b' ')
        .unwrap_or(value.len());
    let (scheme, token) = value.split_at(end);
    if !scheme.eq_ignore_ascii_case(b"Bearer") {
        return Ok(None);
    }
    let token = token.trim_ascii_start();
    if token.is_empty() || token.contains(&b' ') {
        return Err(BearerError::Malformed);
    }
    match std::str::from_utf8(token) {
        Ok(token) if is_b64token(token) => Ok(Some(token)),
        _ => Err(BearerError::NoToken),
    }
}

/// `1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="`
fn is_b64token(token: &str) -> bool {
    let body = token.trim_end_matches('=');
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-._~+/".contains(&b);
    !body.is_empty() && body.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_bearer_and_is_not_is_malformed_or_nothing() {
        use BearerError::{Malformed, NoToken, Repeated};
        let read = |values: &[&'static [u8]]| bearer_token(values.iter().copied());
        assert_eq!(read(&[b"bearer a.b.c"]), Ok(Some("a.b.c")));
        assert_eq!(read(&[b"Bearer  a"]), Ok(Some("a")));
        assert_eq!(read(&[b"BearerX a"]), Ok(None));
        assert_eq!(read(&[b""]), Ok(None));
        for bad in [&b"Bearer"[..], b"Bearer   ", b"Bearer a b"] {
            assert_eq!(read(&[bad]), Err(Malformed), "{bad:?}");
        }
        for bad in [
            &b"Bearer \"a\""[..],
            b"Bearer \xc3\xa9",
            b"Bearer a\tb",
            b"Bearer =",
        ] {
            assert_eq!(read(&[bad]), Err(NoToken), "{bad:?}");
        }
        assert_eq!(read(&[b"Bearer a", b"Bearer a"]), Err(Repeated));
        assert_eq!(read(&[b"Basic a", b"Bearer a"]), Err(Repeated));
    }
}
