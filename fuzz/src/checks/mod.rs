//! One check for each kind of input that comes from strangers.

mod api_key;
mod authorization;
mod ed25519;
mod jwk;
mod jwks;
mod pem;
mod phc;
mod refresh_token;
mod reset_token;
mod token;

pub use api_key::api_key;
pub use authorization::authorization;
pub use ed25519::ed25519;
pub use jwk::jwk;
pub use jwks::jwks;
pub use pem::pem;
pub use phc::phc;
pub use refresh_token::{refresh_token, root};
pub use reset_token::reset_token;
pub use token::{claims, header, signed, token};
