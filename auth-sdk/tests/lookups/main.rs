//! API keys and users that are kept in memory: what is asked of the store, and what
//! ends at once.
#![allow(clippy::panic, clippy::unwrap_used, reason = "helpers of tests")]

#[path = "../support/mod.rs"]
mod support;

mod asked;
mod builds;
mod elsewhere;
mod ends;
mod keyed;
mod races;
#[cfg(all(feature = "postgres", feature = "redis"))]
mod redis;
mod shown;
