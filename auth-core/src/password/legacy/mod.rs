//! Hashes that other systems made: read, verified, replaced.
//!
//! # Moving users here
//!
//! Create each user with the hash as it stands in the old table. Users keep their
//! passwords and notice nothing.
//!
//! 1. [`PasswordHash::from_legacy`](super::PasswordHash::from_legacy) says at once
//!    whether a hash can be read. What cannot needs a password reset.
//! 2. Store it as it is, or better [wrapped](super::OfflineHasher::wrap): Argon2id
//!    over the old hash, computed without the password. Then a stolen table holds
//!    no weak hash even of those who never log in again.
//! 3. As a user logs in, the hash is replaced by a plain Argon2id one, in the
//!    background, by compare-and-swap: a password change that comes in between
//!    wins, and if it fails the user is logged in all the same.
//! 4. After some months, disable or reset those whose hashes are still old, turn
//!    the feature off, and nothing of this is compiled in any more.
//!
//! | from | looks like |
//! |---|---|
//! | bcrypt: PHP, Ruby, Node, Go, Spring, passlib | `$2a$12$…`, `$2b$…`, `$2y$…` |
//! | Django | `pbkdf2_sha256$…`, `pbkdf2_sha1$…`, `argon2$argon2id$…`, `scrypt$…`, `bcrypt_sha256$$2b$…`, `bcrypt$$2b$…` |
//! | passlib | `$pbkdf2-sha256$…`, `$pbkdf2-sha512$…`, `$pbkdf2$…`, `$scrypt$…`, `$7$…`, `$bcrypt-sha256$…` (both versions) |
//! | Werkzeug (Flask) | `scrypt:32768:8:1$…`, `pbkdf2:sha256:600000$…` and with `sha1`, `sha512` |
//! | PHC strings | `$argon2i$…`, `$argon2d$…`, `$argon2id$v=16$…`, `$scrypt$ln=…`, `$pbkdf2-sha256$i=…`, `$pbkdf2-sha512$i=…` |
//!
//! Spring's `{bcrypt}` and the like are a prefix to cut off. Bare digests (MD5,
//! SHA-1, SHA-256, salted or not), DES and `md5crypt`, `sha512crypt` and `$2x$`
//! are not read.
//!
//! # What is decided about bcrypt
//! - It reads 72 bytes. A longer password is right if those are, as it was in the
//!   old system; but then the hash is *not* replaced, because what was not checked
//!   (a slip of the finger) would become part of the password. It is replaced when
//!   the user changes the password.
//! - A password with a NUL is never right: implementations in C stop at it, and
//!   `"secret\0anything"` would be as good as `"secret"`.
//! - `$2a$`, `$2b$` and `$2y$` are computed alike. They differ in bugs of old
//!   implementations, with passwords of more than 255 bytes and (`$2x$`) beyond
//!   ASCII, which are not imitated.
//!
//! # What was typed
//! Passwords are put into normalisation form C here; other systems hashed what was
//! typed. Where that is not the same, both are tried.
//!
//! # Bounds
//! Every stored number is held to these before any work or memory is spent on it;
//! what is beyond is [`CorruptHash::TooCostly`].
//! Each is above its system's default, and about a second of work. Up to
//! [`MAX_MEMORY_BYTES`] for each thread of the pool come on top of what the pool
//! itself holds, while such a hash is verified.
//!
//! | | at most | default of |
//! |---|---|---|
//! | text | [`MAX_CHARS`] characters, printable ASCII | |
//! | bcrypt | cost 4 to [`MAX_BCRYPT_COST`] | 12: Django, passlib |
//! | scrypt | [`MAX_MEMORY_BYTES`], N·r·p ≤ [`MAX_SCRYPT_WORK`] | 2^16·8·1: passlib; 2^14·8·5: Django |
//! | PBKDF2 | [`MAX_PBKDF2_ROUNDS`] times blocks of output | 1 000 000: Django 5.2, Werkzeug |
//! | Argon2 | [`MAX_MEMORY_BYTES`], m·t ≤ 1 GiB | 100 MiB·2: Django |

mod argon2;
mod bcrypt;
mod pbkdf2;
mod scrypt;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use zeroize::Zeroizing;

use super::error::{CorruptHash, HashError};

/// The longest text of a hash.
pub const MAX_CHARS: usize = 512;

/// The highest cost of bcrypt: 2^14 rounds.
pub const MAX_BCRYPT_COST: u32 = 14;

/// The most memory that a hash may take, scrypt's or Argon2's: 128 MiB, and a
/// little for what scrypt needs beside its block.
pub const MAX_MEMORY_BYTES: u64 = (128 << 20) + (1 << 20);

/// The most that scrypt's N·r·p may be: twice OWASP's first row.
pub const MAX_SCRYPT_WORK: u64 = 1 << 21;

/// The most rounds of PBKDF2, over all blocks of the output.
pub const MAX_PBKDF2_ROUNDS: u64 = 4_000_000;

/// A hash of another system, read: its parameters are within bounds.
#[derive(Debug)]
pub(super) struct Legacy {
    pub(super) recipe: Recipe,
    pub(super) digest: Vec<u8>,
}

/// How another system turns a password into a digest.
#[derive(Debug)]
pub(super) enum Recipe {
    Argon2(argon2::Recipe),
    Bcrypt(bcrypt::Recipe),
    Pbkdf2(pbkdf2::Recipe),
    Scrypt(scrypt::Recipe),
}

impl Legacy {
    pub(super) fn parse(text: &str) -> Result<Self, CorruptHash> {
        if text.len() > MAX_CHARS {
            return Err(CorruptHash::TooLong);
        }
        if !text.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(CorruptHash::Malformed);
        }
        // The longer of two prefixes first.
        for (prefix, read) in READERS {
            if let Some(rest) = text.strip_prefix(prefix) {
                let legacy = read(rest)?;
                if !(MIN_DIGEST_BYTES..=MAX_DIGEST_BYTES).contains(&legacy.digest.len()) {
                    return Err(CorruptHash::Malformed);
                }
                return Ok(legacy);
            }
        }
        Err(CorruptHash::Unsupported)
    }
}

type Reader = fn(&str) -> Result<Legacy, CorruptHash>;

const READERS: &[(&str, Reader)] = &[
    ("$2a$", bcrypt::crypt),
    ("$2b$", bcrypt::crypt),
    ("$2y$", bcrypt::crypt),
    ("bcrypt$", bcrypt::django),
    ("bcrypt_sha256$", bcrypt::django_sha256),
    ("$bcrypt-sha256$", bcrypt::passlib_sha256),
    ("$argon2", argon2::phc),
    ("argon2$", argon2::django),
    ("$scrypt$", scrypt::phc),
    ("$7$", scrypt::crypt),
    ("scrypt$", scrypt::django),
    ("scrypt:", scrypt::werkzeug),
    ("$pbkdf2$", pbkdf2::modular_sha1),
    ("$pbkdf2-sha256$", pbkdf2::modular_sha256),
    ("$pbkdf2-sha512$", pbkdf2::modular_sha512),
    ("pbkdf2_", pbkdf2::django),
    ("pbkdf2:", pbkdf2::werkzeug),
];

impl Recipe {
    /// The digest of `password`.
    pub(super) fn digest(&self, password: &[u8]) -> Result<Zeroizing<Vec<u8>>, HashError> {
        match self {
            Self::Argon2(recipe) => recipe.digest(password),
            Self::Bcrypt(recipe) => Ok(recipe.digest(password)),
            Self::Pbkdf2(recipe) => Ok(recipe.digest(password)),
            Self::Scrypt(recipe) => recipe.digest(password).map_err(HashError::Corrupt),
        }
    }

    /// Whether all of `password` goes into the digest.
    pub(super) fn reads_whole(&self, password: &str) -> bool {
        match self {
            Self::Bcrypt(recipe) => recipe.reads_whole(password),
            Self::Argon2(_) | Self::Pbkdf2(_) | Self::Scrypt(_) => true,
        }
    }

    /// `text`, which this was read from, with the digest zeroed: it reads as the
    /// same recipe, and tells no more than the salt.
    pub(super) fn without_digest(&self, text: &str) -> String {
        let (start, zero) = match self {
            Self::Bcrypt(_) => (text.len().saturating_sub(bcrypt::DIGEST_CHARS), '.'),
            _ if text.starts_with("$7$") => (after_last_dollar(text), '.'),
            _ if text.contains(':') => (after_last_dollar(text), '0'),
            _ => (after_last_dollar(text), 'A'),
        };
        let (settings, digest) = text.split_at(start);
        let zeroed = digest.chars().map(|c| if c == '=' { c } else { zero });
        settings.chars().chain(zeroed).collect()
    }
}

fn after_last_dollar(text: &str) -> usize {
    text.rfind('$').map_or(text.len(), |at| at + 1)
}

/// Exactly `N` fields between dollars.
fn split<const N: usize>(text: &str) -> Result<[&str; N], CorruptHash> {
    let fields: Vec<&str> = text.splitn(N + 1, '$').collect();
    fields.try_into().map_err(|_| CorruptHash::Malformed)
}

/// Base64 with padding, as Django writes it.
fn padded(text: &str) -> Result<Vec<u8>, CorruptHash> {
    STANDARD.decode(text).map_err(|_| CorruptHash::Malformed)
}

/// Base64 without padding; passlib writes `.` for `+`.
fn unpadded(text: &str) -> Result<Vec<u8>, CorruptHash> {
    STANDARD_NO_PAD
        .decode(text.replace('.', "+"))
        .map_err(|_| CorruptHash::Malformed)
}

/// Hexadecimal digits, lower case.
fn hex(text: &str) -> Result<Vec<u8>, CorruptHash> {
    let nibble = |b: u8| match b {
        b'0'..=b'9' => Some(b - b'0'),
        b'a'..=b'f' => Some(b - b'a' + 10),
        _ => None,
    };
    text.as_bytes()
        .chunks(2)
        .map(|pair| match *pair {
            [high, low] => Some(nibble(high)? << 4 | nibble(low)?),
            _ => None,
        })
        .collect::<Option<_>>()
        .ok_or(CorruptHash::Malformed)
}

/// A shorter one is guessed; none of these systems writes a longer one.
const MIN_DIGEST_BYTES: usize = 16;
const MAX_DIGEST_BYTES: usize = 64;
