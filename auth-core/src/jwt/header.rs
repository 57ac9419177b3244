//! The header: which algorithm, which key, which type. It is read before the
//! signature is checked and believed in nothing else.

use super::json::Reader;
use super::verify::TokenError;
use crate::key::Algorithm;

/// What is used of a header. `jwk`, `jku`, `x5u` and `x5c` are not
/// (RFC 8725 §3.10).
#[derive(Debug)]
pub(crate) struct Header {
    pub(crate) algorithm: Algorithm,
    pub(crate) kid: Option<String>,
}

/// The longest key id that is looked up.
const MAX_KID: usize = 256;

impl Header {
    pub(crate) fn parse(json: &[u8]) -> Result<Self, TokenError> {
        let mut algorithm = None;
        let mut kid = None;
        let mut access_token = false;
        Reader::document(json, |name, value| {
            match name {
                "alg" => algorithm = Algorithm::from_name(&value.string()?),
                "kid" => kid = Some(value.string()?.into_owned()),
                "typ" => access_token = is_access_token(&value.string()?),
                // We implement no extension, so none may be critical
                // (RFC 7515 §4.1.11), `b64` (RFC 7797 §7) least of all.
                "crit" | "b64" => return Err(TokenError::Critical),
                _ => value.skip()?,
            }
            Ok(())
        })?;
        if !access_token {
            return Err(TokenError::Type);
        }
        if kid.as_ref().is_some_and(|kid| kid.len() > MAX_KID) {
            return Err(TokenError::UnknownKey);
        }
        let algorithm = algorithm.ok_or(TokenError::Algorithm)?;
        Ok(Self { algorithm, kid })
    }
}

/// RFC 9068 §2.1 and §4; media types compare without case.
fn is_access_token(typ: &str) -> bool {
    typ.eq_ignore_ascii_case("at+jwt") || typ.eq_ignore_ascii_case("application/at+jwt")
}
