//! Keys that sign and verify tokens, and how they are published.

mod algorithm;
mod jwk;
mod set;
mod signing;
mod source;
mod verifying;

pub use algorithm::Algorithm;
pub use jwk::{Jwk, Jwks};
pub use set::{DuplicateKeyId, KeySet};
pub use signing::{KeyError, SigningKey};
pub use source::{KeySource, Unavailable};
pub use verifying::VerifyingKey;
