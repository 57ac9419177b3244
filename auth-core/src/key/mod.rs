//! Keys that sign and verify tokens, and how they are published.

mod algorithm;
mod backend;
mod error;
mod jwk;
mod material;
mod set;
mod signing;
mod source;
mod verifying;

pub use algorithm::Algorithm;
pub use backend::Backend;
pub use error::KeyError;
pub use jwk::{Jwk, Jwks};
pub use set::{KeySet, KeySetError};
pub use signing::SigningKey;
pub use source::{KeySource, Unavailable};
pub use verifying::VerifyingKey;

pub(crate) use verifying::MAX_KID;
