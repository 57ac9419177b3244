//! The header: which algorithm, which key, which type. It is read before the
//! signature is checked and believed in nothing else.

use std::borrow::Cow;

use super::error::TokenError;
use super::json::{Name, Reader};
use crate::key::Algorithm;

/// What is used of a header. `jwk`, `jku`, `x5u` and `x5c` are not
/// (RFC 8725 §3.10).
#[derive(Debug)]
pub(crate) struct Header<'a> {
    /// `None`: there is none, or none that is implemented.
    pub(crate) algorithm: Option<Algorithm>,
    pub(crate) kid: Option<Cow<'a, str>>,
    pub(crate) typ: Option<Cow<'a, str>>,
}

#[derive(Clone, Copy)]
enum Parameter {
    Alg,
    Kid,
    Typ,
    Crit,
    B64,
}

impl Parameter {
    fn from_name(name: &str) -> Option<Self> {
        match name {
            "alg" => Some(Self::Alg),
            "kid" => Some(Self::Kid),
            "typ" => Some(Self::Typ),
            "crit" => Some(Self::Crit),
            "b64" => Some(Self::B64),
            _ => None,
        }
    }
}

impl From<Parameter> for u8 {
    fn from(parameter: Parameter) -> Self {
        parameter as Self
    }
}

impl<'a> Header<'a> {
    pub(crate) fn parse(json: &'a [u8]) -> Result<Self, TokenError> {
        let json = std::str::from_utf8(json).map_err(|_| TokenError::Malformed("JSON"))?;
        let mut header = Self {
            algorithm: None,
            kid: None,
            typ: None,
        };
        Reader::document(json, Parameter::from_name, |name, value| {
            match name {
                Name::Known(Parameter::Alg) => {
                    header.algorithm = Algorithm::from_name(&value.string()?);
                }
                Name::Known(Parameter::Kid) => header.kid = Some(value.string()?),
                Name::Known(Parameter::Typ) => header.typ = Some(value.string()?),
                // We implement no extension, so none may be critical
                // (RFC 7515 §4.1.11), `b64` (RFC 7797 §7) least of all.
                Name::Known(Parameter::Crit | Parameter::B64) => return Err(TokenError::Critical),
                Name::Other(_) => value.skip()?,
            }
            Ok(())
        })?;
        Ok(header)
    }
}
