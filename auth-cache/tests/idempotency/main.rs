//! Requests that are remembered in Redis, on real servers.
#![cfg(feature = "redis")]
#![allow(clippy::panic, clippy::unwrap_used, reason = "helpers of tests")]

mod conformance;
mod installations;
mod killed;
mod losses;
mod outages;
mod privacy;
mod roots;
mod sharing;
mod support;
mod vandal;
#[path = "../world/mod.rs"]
mod world;
