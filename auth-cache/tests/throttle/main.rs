//! Limits that are shared in Redis, on real servers.
#![cfg(feature = "redis")]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod installations;
mod losses;
mod outages;
mod sharing;
mod support;
mod vandal;
#[path = "../world/mod.rs"]
mod world;
