//! The tier in Redis, on real servers.
#![cfg(feature = "redis")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod caches;
mod conformance;
mod faults;
mod installations;
mod losses;
mod processes;
mod support;
mod tails;
mod vandal;
#[path = "../world/mod.rs"]
mod world;
