//! Refresh tokens: opaque to everybody, forgeable by nobody without the root
//! secret, spent once.
//!
//! The token is the wire form: a MAC tells a forgery before any I/O.
//! The ratchet leads from a token to its one successor, so that every caller
//! that presents the same token in time gets the same answer, byte for byte,
//! while the store holds only hashes and salts.

mod ratchet;
mod token;

pub use ratchet::{Salt, SecretHash, TokenSecret};
pub use token::{InvalidRefreshToken, Presented, RefreshToken};
