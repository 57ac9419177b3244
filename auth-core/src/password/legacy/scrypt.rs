//! scrypt (RFC 7914).

use scrypt::Params;
use zeroize::Zeroizing;

use super::{Legacy, MAX_MEMORY_BYTES, MAX_SCRYPT_WORK, hex, padded, split, unpadded};
use crate::password::error::CorruptHash;
use crate::password::phc::{decimal, fields};

/// Parameters and salt.
#[derive(Debug)]
pub(in crate::password) struct Recipe {
    params: Params,
    salt: Vec<u8>,
    bytes: usize,
}

/// `ln=LN,r=R,p=P$SALT$DIGEST`, after the prefix; passlib writes the same.
pub(super) fn phc(rest: &str) -> Result<Legacy, CorruptHash> {
    let [settings, salt, digest] = split(rest)?;
    let [log_n, r, p] = fields(settings, ["ln", "r", "p"])?;
    let cost = (decimal(log_n)?, decimal(r)?, decimal(p)?);
    legacy(cost, unpadded(salt)?, unpadded(digest)?)
}

/// `N$SALT$R$P$DIGEST`, after the prefix; the salt is text.
pub(super) fn django(rest: &str) -> Result<Legacy, CorruptHash> {
    let [n, salt, r, p, digest] = split(rest)?;
    let cost = (log2(n)?, decimal(r)?, decimal(p)?);
    legacy(cost, salt.as_bytes().to_vec(), padded(digest)?)
}

/// `N:R:P$SALT$DIGEST`, after the prefix; the salt is text.
pub(super) fn werkzeug(rest: &str) -> Result<Legacy, CorruptHash> {
    let [settings, salt, digest] = split(rest)?;
    let mut cost = settings.splitn(4, ':');
    let (Some(n), Some(r), Some(p), None) = (cost.next(), cost.next(), cost.next(), cost.next())
    else {
        return Err(CorruptHash::Malformed);
    };
    let cost = (log2(n)?, decimal(r)?, decimal(p)?);
    legacy(cost, salt.as_bytes().to_vec(), hex(digest)?)
}

/// `NRRRRRPPPPPSALT$DIGEST`, after the prefix: one character for N, five each for
/// the others; the salt is text.
pub(super) fn crypt(rest: &str) -> Result<Legacy, CorruptHash> {
    let [settings, digest] = split(rest)?;
    // Printable ASCII, so every index is a boundary.
    let (cost, salt) = settings
        .split_at_checked(11)
        .ok_or(CorruptHash::Malformed)?;
    let cost = (
        number(&cost[..1])?,
        number(&cost[1..6])?,
        number(&cost[6..])?,
    );
    legacy(cost, salt.as_bytes().to_vec(), from_crypt64(digest)?)
}

fn legacy(
    (log_n, r, p): (u32, u32, u32),
    salt: Vec<u8>,
    digest: Vec<u8>,
) -> Result<Legacy, CorruptHash> {
    if log_n == 0 || r == 0 || p == 0 {
        return Err(CorruptHash::Malformed);
    }
    let n = 1_u64.checked_shl(log_n).unwrap_or(u64::MAX);
    let (r64, p64) = (u64::from(r), u64::from(p));
    let bytes = n
        .saturating_add(p64)
        .saturating_mul(r64)
        .saturating_mul(128);
    let work = n.saturating_mul(r64).saturating_mul(p64);
    if bytes > MAX_MEMORY_BYTES || work > MAX_SCRYPT_WORK {
        return Err(CorruptHash::TooCostly);
    }
    let params = u8::try_from(log_n)
        .ok()
        .and_then(|log_n| Params::new(log_n, r, p).ok())
        .ok_or(CorruptHash::Malformed)?;
    Ok(Legacy {
        recipe: super::Recipe::Scrypt(Recipe {
            params,
            salt,
            bytes: digest.len(),
        }),
        digest,
    })
}

impl Recipe {
    pub(super) fn digest(&self, password: &[u8]) -> Result<Zeroizing<Vec<u8>>, CorruptHash> {
        let mut digest = Zeroizing::new(vec![0; self.bytes]);
        scrypt::scrypt(password, &self.salt, &self.params, &mut digest)
            .map_err(|_| CorruptHash::Malformed)?;
        Ok(digest)
    }
}

/// The binary logarithm of N, which must be a power of two.
fn log2(n: &str) -> Result<u32, CorruptHash> {
    let n = decimal(n)?;
    if n.is_power_of_two() {
        Ok(n.ilog2())
    } else {
        Err(CorruptHash::Malformed)
    }
}

/// `./0-9A-Za-z`, as `crypt` counts.
fn sextet(byte: u8) -> Option<u32> {
    let value = match byte {
        b'.' => 0,
        b'/' => 1,
        b'0'..=b'9' => byte - b'0' + 2,
        b'A'..=b'Z' => byte - b'A' + 12,
        b'a'..=b'z' => byte - b'a' + 38,
        _ => return None,
    };
    Some(u32::from(value))
}

/// Up to five characters, the least significant first.
fn number(text: &str) -> Result<u32, CorruptHash> {
    text.bytes()
        .rev()
        .try_fold(0, |sum, byte| Some(sum << 6 | sextet(byte)?))
        .ok_or(CorruptHash::Malformed)
}

/// Four characters are three bytes, the least significant first.
fn from_crypt64(text: &str) -> Result<Vec<u8>, CorruptHash> {
    let mut bytes = Vec::new();
    for chunk in text.as_bytes().chunks(4) {
        let mut value = 0;
        for byte in chunk.iter().rev() {
            value = value << 6 | sextet(*byte).ok_or(CorruptHash::Malformed)?;
        }
        let whole = chunk.len() * 6 / 8;
        if whole == 0 {
            return Err(CorruptHash::Malformed);
        }
        bytes.extend_from_slice(&value.to_le_bytes()[..whole]);
    }
    Ok(bytes)
}
