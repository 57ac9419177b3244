//! Events to a stream, on real servers.
#![cfg(feature = "redis")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod entries;
mod outages;
mod refusals;
mod replicas;
mod support;
