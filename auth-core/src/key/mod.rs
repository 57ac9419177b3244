//! Keys that sign and verify tokens, and how they are published.

mod algorithm;
mod backend;
mod ed25519;
mod epoch;
mod error;
mod generate;
mod jwk;
mod material;
mod oid;
mod pem;
mod pkcs8;
mod rsa;
mod set;
mod signing;
mod source;
mod spki;
mod thumbprint;
mod verifying;

pub use algorithm::Algorithm;
pub use backend::Backend;
pub use epoch::KeyEpoch;
pub use error::KeyError;
pub use generate::RsaSize;
pub use jwk::{Jwk, Jwks};
pub use set::{KeySet, KeySetError};
pub use signing::SigningKey;
pub use source::{KeySource, Unavailable};
pub use thumbprint::{ParseThumbprintError, Thumbprint};
pub use verifying::VerifyingKey;

pub(crate) use verifying::MAX_KID;
