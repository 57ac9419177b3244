//! The header: which algorithm, which key, which type. It is read before the
//! signature is checked and believed in nothing else.

use std::borrow::Cow;

use super::json::Reader;
use super::verify::{TokenError, TokenPolicy};
use crate::key::{Algorithm, MAX_KID};

/// What is used of a header. `jwk`, `jku`, `x5u` and `x5c` are not
/// (RFC 8725 §3.10).
#[derive(Debug)]
pub(crate) struct Header<'a> {
    pub(crate) algorithm: Algorithm,
    pub(crate) kid: Option<Cow<'a, str>>,
}

impl<'a> Header<'a> {
    pub(crate) fn parse(json: &'a [u8], policy: &TokenPolicy) -> Result<Self, TokenError> {
        let json = std::str::from_utf8(json).map_err(|_| TokenError::Malformed("JSON"))?;
        let mut algorithm = None;
        let mut kid = None;
        let mut right_type = false;
        Reader::document(json, |name, value| {
            match name {
                "alg" => algorithm = Algorithm::from_name(&value.string()?),
                "kid" => kid = Some(value.string()?),
                "typ" => right_type = policy.is_type(&value.string()?),
                // We implement no extension, so none may be critical
                // (RFC 7515 §4.1.11), `b64` (RFC 7797 §7) least of all.
                "crit" | "b64" => return Err(TokenError::Critical),
                _ => value.skip()?,
            }
            Ok(())
        })?;
        if !right_type {
            return Err(TokenError::Type);
        }
        if kid.as_ref().is_some_and(|kid| kid.len() > MAX_KID) {
            return Err(TokenError::UnknownKey);
        }
        let algorithm = algorithm
            .filter(|algorithm| policy.allows(*algorithm))
            .ok_or(TokenError::Algorithm)?;
        Ok(Self { algorithm, kid })
    }
}
