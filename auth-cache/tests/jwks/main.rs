//! Remote keys through a verifier, under a fetch that tests script, and over
//! real sockets.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod ageing;
mod backends;
mod discovery;
mod flood;
mod issuers;
mod lifetime;
mod rotation;
#[cfg(feature = "http")]
mod sockets;
mod support;
#[cfg(feature = "http")]
mod tls;
