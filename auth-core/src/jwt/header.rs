//! The header: which algorithm, which key, which type. It is read before the
//! signature is checked and believed in nothing else.

use super::json::Reader;
use super::verify::{TokenError, TokenPolicy};
use crate::key::{Algorithm, MAX_KID};

/// What is used of a header. `jwk`, `jku`, `x5u` and `x5c` are not
/// (RFC 8725 §3.10).
#[derive(Debug)]
pub(crate) struct Header {
    pub(crate) algorithm: Algorithm,
    pub(crate) kid: Option<String>,
}

impl Header {
    pub(crate) fn parse(json: &[u8], policy: &TokenPolicy) -> Result<Self, TokenError> {
        let mut algorithm = None;
        let mut kid = None;
        let mut right_type = false;
        Reader::document(json, |name, value| {
            match name {
                "alg" => algorithm = Algorithm::from_name(&value.string()?),
                "kid" => kid = Some(value.string()?.into_owned()),
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
