//! The PHC string format of Argon2, all three of its types, read strictly and
//! within bounds.

use argon2::{Algorithm, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::argon2id::Argon2Params;
use super::error::CorruptHash;

/// What an Argon2 hash says. The parameters are possible, but may be of any
/// cost: hold them to limits before using them.
#[derive(Debug)]
pub(super) struct Argon2Hash {
    pub(super) algorithm: Algorithm,
    pub(super) version: Version,
    pub(super) params: Argon2Params,
    pub(super) salt: Vec<u8>,
    pub(super) tag: Vec<u8>,
}

impl Argon2Hash {
    /// Reads `$argon2id$v=19$m=M,t=T,p=P$SALT$TAG`, and `argon2i` and `argon2d`
    /// likewise: one order, no optional parts, no leading zeros, no padding, no
    /// stray bits. Hashes from before version 19 may leave the version out.
    pub(super) fn parse(phc: &str) -> Result<Self, CorruptHash> {
        let fields: Vec<&str> = phc.splitn(MAX_FIELDS + 1, '$').collect();
        let (algorithm, version, params, salt, tag) = match *fields.as_slice() {
            ["", algorithm, version, params, salt, tag] => (algorithm, version, params, salt, tag),
            ["", algorithm, params, salt, tag] => (algorithm, "v=16", params, salt, tag),
            _ => return Err(CorruptHash::Malformed),
        };
        Ok(Self {
            algorithm: match algorithm {
                "argon2id" => Algorithm::Argon2id,
                "argon2i" => Algorithm::Argon2i,
                "argon2d" => Algorithm::Argon2d,
                _ => return Err(CorruptHash::Unsupported),
            },
            version: match version {
                "v=19" => Version::V0x13,
                "v=16" => Version::V0x10,
                _ => return Err(CorruptHash::Unsupported),
            },
            params: parse_params(params)?,
            salt: decode(salt, MIN_SALT_BYTES)?,
            tag: decode(tag, MIN_TAG_BYTES)?,
        })
    }
}

/// Writes the PHC string of an Argon2id hash.
pub(super) fn encode_argon2id(params: Argon2Params, salt: &[u8], tag: &[u8]) -> String {
    format!(
        "$argon2id$v=19$m={},t={},p={}${}${}",
        params.m_kib(),
        params.t(),
        params.p(),
        STANDARD_NO_PAD.encode(salt),
        STANDARD_NO_PAD.encode(tag),
    )
}

/// Reads a number as it is written: no sign, no leading zeros. One that is too
/// large to be anything is a cost that nobody pays.
pub(super) fn decimal(digits: &str) -> Result<u32, CorruptHash> {
    if digits.is_empty() || digits.starts_with('0') || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(CorruptHash::Malformed);
    }
    digits.parse().map_err(|_| CorruptHash::TooCostly)
}

/// The values of `NAME=VALUE` fields between commas, in this order and no other.
pub(super) fn fields<'a, const N: usize>(
    text: &'a str,
    names: [&str; N],
) -> Result<[&'a str; N], CorruptHash> {
    let mut parts = text.split(',');
    let mut values = [""; N];
    for (value, name) in values.iter_mut().zip(names) {
        *value = parts
            .next()
            .and_then(|part| part.strip_prefix(name)?.strip_prefix('='))
            .ok_or(CorruptHash::Malformed)?;
    }
    match parts.next() {
        None => Ok(values),
        Some(_) => Err(CorruptHash::Malformed),
    }
}

fn parse_params(text: &str) -> Result<Argon2Params, CorruptHash> {
    let [m_kib, t, p] = fields(text, ["m", "t", "p"])?;
    let (m_kib, t, p) = (decimal(m_kib)?, decimal(t)?, decimal(p)?);
    Argon2Params::of_any_strength(m_kib, t, p).map_err(|_| CorruptHash::Malformed)
}

fn decode(text: &str, least: usize) -> Result<Vec<u8>, CorruptHash> {
    let bytes = STANDARD_NO_PAD
        .decode(text)
        .map_err(|_| CorruptHash::Malformed)?;
    if (least..=MAX_FIELD_BYTES).contains(&bytes.len()) {
        Ok(bytes)
    } else {
        Err(CorruptHash::Malformed)
    }
}

/// What new hashes have: RFC 9106 §4.
pub(super) const SALT_BYTES: usize = 16;
pub(super) const TAG_BYTES: usize = 32;

/// RFC 9106 §3.1 asks for 8 bytes of salt; a tag of fewer than 16 is guessed.
const MIN_SALT_BYTES: usize = 8;
const MIN_TAG_BYTES: usize = 16;
const MAX_FIELD_BYTES: usize = 64;

/// The empty one before the first `$` is one of them.
const MAX_FIELDS: usize = 6;
