//! JSON Web Tokens as access tokens: RFC 7519 in the profile of RFC 9068,
//! read as strictly as RFC 8725 asks.
//!
//! A token is split at its dots, its header chooses key and algorithm,
//! the signature is checked, and only then are its claims read, from the
//! very bytes that were signed. The JSON reader is ours because the usual ones
//! take the last of two equal names, and nest without bound.

mod base64url;
mod claims;
mod compact;
mod draft;
mod error;
mod header;
pub mod insecure;
mod issue;
mod json;
mod known;
mod names;
mod of_api_key;
mod policy;
mod scan;
mod span;
mod write;

pub use claims::Claims;
pub use error::TokenError;
pub use issue::{AccessToken, IssueError, NewToken, TokenIssuer};
pub use policy::TokenPolicy;

pub(crate) use claims::claimed_issuer;
pub(crate) use compact::{Buffer, Compact};
pub(crate) use header::Header;
pub(crate) use policy::RequiredClaims;
