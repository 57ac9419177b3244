//! A whole token, under the policy of the fixture.

use super::claims::{self, Said};
use super::{Judged, No, header, signature};
use crate::base64url;
use crate::fixture::Known;

const MAX_LEN: usize = 8 * 1024;

/// What a token says, and the key that it is signed by.
///
/// # Errors
/// [`No`] if a verifier that has `keys` must not accept it.
pub fn token<'k>(text: &str, keys: &'k [Known]) -> Judged<(Said, &'k Known)> {
    let parts: Vec<&str> = text.split('.').collect();
    let &[header, payload, signature] = parts.as_slice() else {
        return Err(No::Reject);
    };
    if text.len() > MAX_LEN || parts.contains(&"") {
        return Err(No::Reject);
    }
    let decode = |part| base64url::decode(part).ok_or(No::Reject);
    let (header_json, payload_json, signature) =
        (decode(header)?, decode(payload)?, decode(signature)?);
    let read = header::read(&header_json)?;
    let key = keys.iter().find(|key| match &read.kid {
        Some(kid) => key.kid == kid,
        None => keys.len() == 1,
    });
    let key = key
        .filter(|key| key.algorithm == read.algorithm)
        .ok_or(No::Reject)?;
    let signed = format!("{header}.{payload}");
    if !signature::verifies(key, signed.as_bytes(), &signature) {
        return Err(No::Reject);
    }
    Ok((claims::read(&payload_json)?, key))
}
