//! Argon2id version 19 (RFC 9106): the hash of every new password.

mod backend;
mod hasher;
mod limits;
mod memory;
mod params;

pub use backend::Argon2Backend;
pub(super) use backend::OutOfMemory;
pub(super) use hasher::Hasher;
pub(super) use limits::Limits;
pub use params::{Argon2Params, Argon2ParamsError};
