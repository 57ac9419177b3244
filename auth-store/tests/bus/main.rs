//! Events from PostgreSQL through real buses that are killed, frozen and
//! restarted meanwhile.
#![cfg(feature = "postgres")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "../flow/mod.rs"]
mod flow;

mod dead_letter;
#[cfg(feature = "kafka")]
mod kafka;
#[cfg(feature = "nats")]
mod nats;
mod redis;
