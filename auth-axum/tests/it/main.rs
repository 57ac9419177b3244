//! What holds of the layer, the extractors and the routes, seen over real
//! sockets.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test fails by panicking; clippy knows it of test functions only"
)]

mod support;

mod extract;
mod layer;
mod limit;
mod vectors;

#[cfg(feature = "routes")]
mod api_keys;
#[cfg(feature = "routes")]
mod attempts;
#[cfg(feature = "routes")]
mod bad_input;
#[cfg(feature = "routes")]
mod mounting;
#[cfg(feature = "routes")]
mod once;
#[cfg(feature = "routes")]
mod once_redis;
#[cfg(feature = "routes")]
mod once_stalls;
#[cfg(feature = "routes")]
mod once_whose;
#[cfg(feature = "routes")]
mod outage;
#[cfg(feature = "routes")]
mod password_reset;
#[cfg(feature = "routes")]
mod sessions;
#[cfg(feature = "routes")]
mod tokens;
#[cfg(feature = "routes")]
mod walk;
