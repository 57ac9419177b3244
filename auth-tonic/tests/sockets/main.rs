//! Calls of all kinds through the layer, over real sockets. Numbers are those
//! of the security checklist in SECURITY.md.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod api_keys;
mod calls;
mod client;
mod outage;
mod paths;
mod server;
mod streams;
mod tokens;
