//! The header of an access token.

use auth_core::key::Algorithm;

use super::json::Object;
use super::{Judged, No};

pub(super) struct Header {
    pub(super) algorithm: Algorithm,
    pub(super) kid: Option<String>,
}

pub(super) fn read(json: &[u8]) -> Judged<Header> {
    let header = Object::read(json)?;
    if header.has("crit") || header.has("b64") {
        return Err(No::Reject);
    }
    let typ = header.string("typ")?.ok_or(No::Reject)?;
    if !["at+jwt", "application/at+jwt"].contains(&typ.to_ascii_lowercase().as_str()) {
        return Err(No::Reject);
    }
    let name = header.string("alg")?.ok_or(No::Reject)?;
    let algorithm = Algorithm::ALL
        .iter()
        .find(|algorithm| algorithm.as_str() == name)
        .ok_or(No::Reject)?;
    Ok(Header {
        algorithm: *algorithm,
        kid: header.string("kid")?,
    })
}
