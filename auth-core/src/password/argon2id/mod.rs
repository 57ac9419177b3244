//! Argon2id version 19 (RFC 9106): the hash of every new password.

mod backend;
mod hasher;
mod limits;
mod memory;
mod params;
mod phc;

pub use backend::Argon2Backend;
pub(super) use backend::OutOfMemory;
pub(super) use hasher::Hasher;
pub(super) use limits::Limits;
pub use params::{Argon2Params, Argon2ParamsError};

use super::stored::PasswordHash;
use phc::{SALT_BYTES, Stored, TAG_BYTES};

/// Whether a password that was just verified against `hash` should be hashed
/// anew: the hash uses less memory, fewer passes, a shorter salt or tag than
/// `current`, or is no Argon2id hash at all.
///
/// Lanes are not looked at: the threads compute them one after the other, so that
/// their number is no part of what a hash costs here.
///
/// A stronger hash is left alone: while a change of parameters is rolled out,
/// the older instances must not undo what the newer ones have written.
///
/// ```
/// use auth_core::password::{Argon2Params, PasswordHash, is_outdated};
///
/// let old = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHRzb21lc2FsdA\
///            $AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
/// assert!(is_outdated(&PasswordHash::from_phc(old.to_owned()), &Argon2Params::default()));
/// ```
pub fn is_outdated(hash: &PasswordHash, current: &Argon2Params) -> bool {
    Stored::parse(hash.expose_phc()).map_or(true, |stored| {
        stored.params.m_kib() < current.m_kib()
            || stored.params.t() < current.t()
            || stored.salt.len() < SALT_BYTES
            || stored.tag.len() < TAG_BYTES
    })
}
