//! PBKDF2 with HMAC (RFC 8018 §5.2).

use std::num::NonZeroU32;

use ring::pbkdf2::{self, PBKDF2_HMAC_SHA1, PBKDF2_HMAC_SHA256, PBKDF2_HMAC_SHA512};
use zeroize::Zeroizing;

use super::{Legacy, MAX_PBKDF2_ROUNDS, hex, padded, split, unpadded};
use crate::password::error::CorruptHash;
use crate::password::phc::{decimal, fields};

/// Hash, rounds and salt.
#[derive(Debug)]
pub(in crate::password) struct Recipe {
    hash: Hash,
    rounds: NonZeroU32,
    salt: Vec<u8>,
    bytes: usize,
}

#[derive(Clone, Copy, Debug)]
enum Hash {
    Sha1,
    Sha256,
    Sha512,
}

impl Hash {
    fn named(name: &str) -> Result<Self, CorruptHash> {
        match name {
            "sha1" => Ok(Self::Sha1),
            "sha256" => Ok(Self::Sha256),
            "sha512" => Ok(Self::Sha512),
            _ => Err(CorruptHash::Unsupported),
        }
    }

    const fn bytes(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }

    const fn algorithm(self) -> pbkdf2::Algorithm {
        match self {
            Self::Sha1 => PBKDF2_HMAC_SHA1,
            Self::Sha256 => PBKDF2_HMAC_SHA256,
            Self::Sha512 => PBKDF2_HMAC_SHA512,
        }
    }
}

/// `ROUNDS$SALT$DIGEST`, after the prefix.
pub(super) fn modular_sha1(rest: &str) -> Result<Legacy, CorruptHash> {
    modular(Hash::Sha1, rest)
}

/// The same, or a PHC string: `i=ROUNDS$SALT$DIGEST`, `i=ROUNDS,l=BYTES$…`.
pub(super) fn modular_sha256(rest: &str) -> Result<Legacy, CorruptHash> {
    modular(Hash::Sha256, rest)
}

/// The same.
pub(super) fn modular_sha512(rest: &str) -> Result<Legacy, CorruptHash> {
    modular(Hash::Sha512, rest)
}

/// `sha256$ROUNDS$SALT$DIGEST`, after the prefix; the salt is text.
pub(super) fn django(rest: &str) -> Result<Legacy, CorruptHash> {
    let [hash, rounds, salt, digest] = split(rest)?;
    let hash = Hash::named(hash)?;
    legacy(hash, rounds, salt.as_bytes().to_vec(), padded(digest)?)
}

/// `sha256:ROUNDS$SALT$DIGEST`, after the prefix; the salt is text.
pub(super) fn werkzeug(rest: &str) -> Result<Legacy, CorruptHash> {
    let [settings, salt, digest] = split(rest)?;
    let (hash, rounds) = settings.split_once(':').ok_or(CorruptHash::Malformed)?;
    let hash = Hash::named(hash)?;
    legacy(hash, rounds, salt.as_bytes().to_vec(), hex(digest)?)
}

fn modular(hash: Hash, rest: &str) -> Result<Legacy, CorruptHash> {
    let [settings, salt, digest] = split(rest)?;
    let digest = unpadded(digest)?;
    let rounds = if let Ok([rounds, bytes]) = fields(settings, ["i", "l"]) {
        if usize::try_from(decimal(bytes)?) != Ok(digest.len()) {
            return Err(CorruptHash::Malformed);
        }
        rounds
    } else {
        settings.strip_prefix("i=").unwrap_or(settings)
    };
    legacy(hash, rounds, unpadded(salt)?, digest)
}

fn legacy(hash: Hash, rounds: &str, salt: Vec<u8>, digest: Vec<u8>) -> Result<Legacy, CorruptHash> {
    let rounds = NonZeroU32::new(decimal(rounds)?).ok_or(CorruptHash::Malformed)?;
    // Each block of the output costs all rounds.
    let blocks = digest.len().div_ceil(hash.bytes()) as u64;
    if blocks.saturating_mul(u64::from(rounds.get())) > MAX_PBKDF2_ROUNDS {
        return Err(CorruptHash::TooCostly);
    }
    Ok(Legacy {
        recipe: super::Recipe::Pbkdf2(Recipe {
            hash,
            rounds,
            salt,
            bytes: digest.len(),
        }),
        digest,
    })
}

impl Recipe {
    pub(super) fn digest(&self, password: &[u8]) -> Zeroizing<Vec<u8>> {
        let mut digest = Zeroizing::new(vec![0; self.bytes]);
        let algorithm = self.hash.algorithm();
        pbkdf2::derive(algorithm, self.rounds, &self.salt, password, &mut digest);
        digest
    }
}
