//! The PHC string format of Argon2id, read strictly and within bounds.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::params::Argon2Params;
use crate::password::error::CorruptHash;
use crate::password::stored::PasswordHash;

/// What a PHC string says.
pub(super) struct Stored {
    pub(super) params: Argon2Params,
    pub(super) salt: Vec<u8>,
    pub(super) tag: Vec<u8>,
}

impl Stored {
    /// Reads `$argon2id$v=19$m=M,t=T,p=P$SALT$TAG` and nothing else: one order,
    /// no optional parts, no leading zeros, no padding, no stray bits. There is
    /// one spelling of a hash, the one that is written.
    ///
    /// The parameters are possible, but may be of any cost: hold them to limits
    /// before using them.
    pub(super) fn parse(phc: &str) -> Result<Self, CorruptHash> {
        if phc.len() > MAX_CHARS {
            return Err(CorruptHash::TooLong);
        }
        let fields: Vec<&str> = phc.split('$').collect();
        let &["", algorithm, ref rest @ ..] = fields.as_slice() else {
            return Err(CorruptHash::Malformed);
        };
        // The algorithm comes first, so that another one is not called malformed.
        if algorithm != "argon2id" {
            return Err(CorruptHash::Unsupported);
        }
        let &[version, params, salt, tag] = rest else {
            return Err(CorruptHash::Malformed);
        };
        if version != "v=19" {
            return Err(CorruptHash::Unsupported);
        }
        Ok(Self {
            params: parse_params(params)?,
            salt: decode(salt, MIN_SALT_BYTES)?,
            tag: decode(tag, MIN_TAG_BYTES)?,
        })
    }
}

/// Writes a PHC string.
pub(super) fn encode(params: Argon2Params, salt: &[u8], tag: &[u8]) -> PasswordHash {
    PasswordHash::from_phc(format!(
        "$argon2id$v=19$m={},t={},p={}${}${}",
        params.m_kib(),
        params.t(),
        params.p(),
        STANDARD_NO_PAD.encode(salt),
        STANDARD_NO_PAD.encode(tag),
    ))
}

fn parse_params(text: &str) -> Result<Argon2Params, CorruptHash> {
    let mut fields = text.split(',');
    let mut next = |name| {
        fields
            .next()
            .and_then(|field| field.strip_prefix(name))
            .and_then(parse_decimal)
            .ok_or(CorruptHash::Malformed)
    };
    let (m_kib, t, p) = (next("m=")?, next("t=")?, next("p=")?);
    if fields.next().is_some() {
        return Err(CorruptHash::Malformed);
    }
    Argon2Params::of_any_strength(m_kib, t, p).map_err(|_| CorruptHash::Malformed)
}

fn parse_decimal(digits: &str) -> Option<u32> {
    // `parse` alone would take a sign and leading zeros.
    if digits.starts_with('0') || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok()
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

/// More than twice what the longest accepted hash needs.
const MAX_CHARS: usize = 512;
