//! bcrypt, bare and with a hash before it.

use base64::Engine;
use base64::alphabet::BCRYPT;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD, STANDARD};
use ring::{digest, hmac};
use zeroize::Zeroizing;

use super::{Legacy, MAX_BCRYPT_COST, split};
use crate::password::error::CorruptHash;
use crate::password::phc::{decimal, fields};

/// Cost, salt, and what is done to the password first.
#[derive(Debug)]
pub(in crate::password) struct Recipe {
    before: Before,
    cost: u32,
    salt: [u8; SALT_BYTES],
}

#[derive(Debug)]
enum Before {
    Nothing,
    /// Django: SHA-256 in hexadecimal.
    Sha256Hex,
    /// passlib, version 1: SHA-256 in base64.
    Sha256Base64,
    /// passlib, version 2: HMAC-SHA-256 under the salt's text, in base64.
    HmacBase64(Vec<u8>),
}

/// `12$SALTDIGEST`, after the prefix.
pub(super) fn crypt(rest: &str) -> Result<Legacy, CorruptHash> {
    bare(rest, Before::Nothing)
}

/// `$2b$12$SALTDIGEST`, after `bcrypt$`.
pub(super) fn django(rest: &str) -> Result<Legacy, CorruptHash> {
    bare(without_ident(rest)?, Before::Nothing)
}

/// The same, after `bcrypt_sha256$`.
pub(super) fn django_sha256(rest: &str) -> Result<Legacy, CorruptHash> {
    bare(without_ident(rest)?, Before::Sha256Hex)
}

/// `v=2,t=2b,r=12$SALT$DIGEST` or `2b,12$SALT$DIGEST`, after the prefix.
pub(super) fn passlib_sha256(rest: &str) -> Result<Legacy, CorruptHash> {
    let [settings, salt, digest] = split(rest)?;
    if let Ok([version, ident, rounds]) = fields(settings, ["v", "t", "r"]) {
        if version != "2" {
            return Err(CorruptHash::Unsupported);
        }
        let before = Before::HmacBase64(salt.as_bytes().to_vec());
        known_ident(ident)?;
        return legacy(before, rounds, salt, digest);
    }
    let (ident, rounds) = settings.split_once(',').ok_or(CorruptHash::Malformed)?;
    known_ident(ident)?;
    legacy(Before::Sha256Base64, rounds, salt, digest)
}

fn bare(rest: &str, before: Before) -> Result<Legacy, CorruptHash> {
    let [cost, text] = split(rest)?;
    // Two digits, the first of which may be a zero.
    let digits = match cost.as_bytes() {
        [_, _] => cost.strip_prefix('0').unwrap_or(cost),
        _ => return Err(CorruptHash::Malformed),
    };
    let (salt, digest) = text
        .split_at_checked(SALT_CHARS)
        .ok_or(CorruptHash::Malformed)?;
    legacy(before, digits, salt, digest)
}

fn legacy(before: Before, cost: &str, salt: &str, digest: &str) -> Result<Legacy, CorruptHash> {
    if salt.len() != SALT_CHARS || digest.len() != DIGEST_CHARS {
        return Err(CorruptHash::Malformed);
    }
    let cost = decimal(cost)?;
    if cost < MIN_COST {
        return Err(CorruptHash::Malformed);
    }
    if cost > MAX_BCRYPT_COST {
        return Err(CorruptHash::TooCostly);
    }
    let decode = |text| BASE64.decode(text).map_err(|_| CorruptHash::Malformed);
    let salt = decode(salt)?
        .try_into()
        .map_err(|_| CorruptHash::Malformed)?;
    Ok(Legacy {
        digest: decode(digest)?,
        recipe: super::Recipe::Bcrypt(Recipe { before, cost, salt }),
    })
}

fn without_ident(rest: &str) -> Result<&str, CorruptHash> {
    ["$2a$", "$2b$", "$2y$"]
        .iter()
        .find_map(|ident| rest.strip_prefix(ident))
        .ok_or(CorruptHash::Unsupported)
}

fn known_ident(ident: &str) -> Result<(), CorruptHash> {
    match ident {
        "2a" | "2b" | "2y" => Ok(()),
        _ => Err(CorruptHash::Unsupported),
    }
}

impl Recipe {
    pub(super) fn digest(&self, password: &[u8]) -> Zeroizing<Vec<u8>> {
        let mut key = self.key(password);
        // The C string that bcrypt is defined on: ended by a NUL, which counts,
        // and cut.
        key.push(0);
        key.truncate(MAX_KEY_BYTES);
        let mut digest = Zeroizing::new(bcrypt::bcrypt(self.cost, self.salt, &key).to_vec());
        // The last byte is computed and not kept.
        digest.truncate(DIGEST_BYTES);
        if matches!(self.before, Before::Nothing) && password.contains(&0) {
            // No digest has this length, so it equals none.
            digest.clear();
        }
        digest
    }

    pub(super) fn reads_whole(&self, password: &str) -> bool {
        !matches!(self.before, Before::Nothing) || password.len() <= MAX_KEY_BYTES
    }

    fn key(&self, password: &[u8]) -> Zeroizing<Vec<u8>> {
        // Room for the NUL, and for what base64 or hexadecimal make of a hash.
        let mut key = Zeroizing::new(Vec::with_capacity(password.len().max(MAX_KEY_BYTES) + 1));
        match &self.before {
            Before::Nothing => key.extend_from_slice(password),
            Before::Sha256Hex => {
                for byte in digest::digest(&digest::SHA256, password).as_ref() {
                    key.extend([byte >> 4, byte & 15].map(|n| b"0123456789abcdef"[usize::from(n)]));
                }
            }
            Before::Sha256Base64 => {
                let hash = digest::digest(&digest::SHA256, password);
                key.extend_from_slice(Zeroizing::new(STANDARD.encode(hash)).as_bytes());
            }
            Before::HmacBase64(salt) => {
                let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, salt), password);
                key.extend_from_slice(Zeroizing::new(STANDARD.encode(mac)).as_bytes());
            }
        }
        key
    }
}

/// How much of the password bcrypt reads.
const MAX_KEY_BYTES: usize = 72;

const MIN_COST: u32 = 4;
const SALT_BYTES: usize = 16;
const DIGEST_BYTES: usize = 23;

/// In bcrypt's base64.
const SALT_CHARS: usize = 22;
pub(super) const DIGEST_CHARS: usize = 31;

/// The bits that 22 and 31 characters have over were once written at random.
const BASE64: GeneralPurpose =
    GeneralPurpose::new(&BCRYPT, NO_PAD.with_decode_allow_trailing_bits(true));
