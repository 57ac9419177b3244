//! The `Authorization` headers of a request.

use auth_core::verifier::{BearerError, bearer_token};

/// Any bytes as the values of such headers, one a line.
pub fn authorization(data: &[u8]) {
    let values: Vec<&[u8]> = if data.is_empty() {
        Vec::new()
    } else {
        data.split(|byte| *byte == b'\n').collect()
    };
    let read = bearer_token(values.iter().copied());
    assert_eq!(read, by_oracle(&values));
}

/// RFC 6750 §2.1: `"Bearer" 1*SP b64token`, the scheme in any case.
fn by_oracle<'a>(values: &[&'a [u8]]) -> Result<Option<&'a str>, BearerError> {
    let value = match values {
        [] => return Ok(None),
        [value] => strip(value),
        _ => return Err(BearerError::Repeated),
    };
    let words: Vec<&[u8]> = value.split(|byte| *byte == b' ').collect();
    let is_bearer = words
        .first()
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"bearer"));
    if !is_bearer {
        return Ok(None);
    }
    // White space that is no space may stand after the spaces, and is dropped.
    let rest: Vec<&[u8]> = words[1..]
        .iter()
        .copied()
        .skip_while(|word| strip(word).is_empty())
        .collect();
    let &[word] = rest.as_slice() else {
        return Err(BearerError::Malformed);
    };
    let word = strip(word);
    let end = word.iter().rposition(|byte| *byte != b'=');
    let is_token = end.is_some_and(|end| {
        word[..=end]
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(byte))
    });
    match std::str::from_utf8(word) {
        Ok(token) if is_token => Ok(Some(token)),
        _ => Err(BearerError::NoToken),
    }
}

fn strip(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t' | b'\r' | b'\n' | 0x0c, rest @ ..] = bytes {
        bytes = rest;
    }
    while let [rest @ .., b' ' | b'\t' | b'\r' | b'\n' | 0x0c] = bytes {
        bytes = rest;
    }
    bytes
}
