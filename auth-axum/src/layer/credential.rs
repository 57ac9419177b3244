//! The one credential of a request.

use auth_core::Code;
use auth_core::verifier::bearer_token;
use http::Request;
use http::header::{AUTHORIZATION, HeaderValue};

/// Finds the bearer token of a request: in one `Authorization` header and
/// nowhere else. A token in the query alone is not looked at (RFC 9700
/// §4.3.2); beside the header it is a second method in one request, which
/// RFC 6750 §2 forbids.
///
/// # Errors
/// The code to refuse the request with.
pub(super) fn credential<B>(request: &Request<B>) -> Result<Option<&str>, Code> {
    let headers = request.headers().get_all(AUTHORIZATION);
    let token = bearer_token(headers.iter().map(HeaderValue::as_bytes)).map_err(|error| {
        tracing::debug!(%error, "credentials refused");
        error.code()
    })?;
    if token.is_some() && request.uri().query().is_some_and(has_token) {
        tracing::debug!("credentials refused: a token in the query beside the header");
        return Err(Code::InvalidRequest);
    }
    Ok(token)
}

/// Whether a query has a parameter `access_token`, in whatever
/// percent-encoding.
fn has_token(query: &str) -> bool {
    query.split('&').any(|pair| {
        let name = pair.split('=').next().unwrap_or(pair);
        decoded(name).eq("access_token".bytes())
    })
}

fn decoded(name: &str) -> impl Iterator<Item = u8> {
    let mut rest = name.as_bytes();
    std::iter::from_fn(move || {
        let (byte, tail) = match rest {
            [b'%', high, low, tail @ ..] => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => (high << 4 | low, tail),
                _ => (b'%', &rest[1..]),
            },
            [byte, tail @ ..] => (*byte, tail),
            [] => return None,
        };
        rest = tail;
        Some(byte)
    })
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_query_parameter_is_found_in_every_spelling_and_nothing_else_is() {
        for query in [
            "access_token=a",
            "a=b&access_token",
            "access%5Ftoken=a",
            "%61ccess_token=",
        ] {
            assert!(has_token(query), "{query}");
        }
        for query in [
            "",
            "a=access_token",
            "access_tokens=a",
            "access_token%",
            "%access_token",
            "%5",
        ] {
            assert!(!has_token(query), "{query}");
        }
    }
}
