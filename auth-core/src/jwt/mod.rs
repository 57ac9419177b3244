//! JSON Web Tokens as access tokens: RFC 7519 in the profile of RFC 9068,
//! read as strictly as RFC 8725 asks.
//!
//! A token is split at its dots, its header chooses key and algorithm,
//! the signature is checked, and only then are its claims read, from the
//! very bytes that were signed. The JSON reader is ours because the usual ones
//! take the last of two equal names, and nest without bound.

mod claims;
mod compact;
mod header;
pub mod insecure;
mod issue;
mod json;
mod names;
mod span;
mod verify;

pub use claims::Claims;
pub use issue::{AccessToken, IssueError, NewToken, TokenIssuer};
pub use verify::{TokenError, TokenPolicy};

pub(crate) use compact::{Buffer, Compact};
pub(crate) use header::Header;
