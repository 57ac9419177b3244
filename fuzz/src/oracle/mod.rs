//! The rules of tokens, read a second time: slowly, plainly, on `serde_json`
//! and ring's own interface. What the SDK decides otherwise is a finding.

pub mod claims;
pub mod ed25519;
pub mod foreign;
mod header;
pub mod json;
mod signature;
mod token;

pub use token::token;

/// Why an oracle does not accept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum No {
    /// It is no good.
    Reject,
    /// `serde_json` cannot read a number beyond the range of an `f64`, which
    /// RFC 8259 allows and the SDK skips where nobody asks for its value.
    Unsure,
}

/// What an oracle found.
pub type Judged<T> = Result<T, No>;
