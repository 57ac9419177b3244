//! `PgStore` against a real server: the suite every store passes, and what
//! only PostgreSQL can get wrong.
#![cfg(feature = "postgres")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod awaits;
mod borrowed;
mod crash;
mod cut;
mod dropped;
mod faults;
mod full;
mod interleavings;
mod joining;
mod killed;
mod late;
mod limits;
mod locks;
mod log;
mod migrations;
mod old_code;
mod outbox;
mod plans;
mod pooler;
mod replicas;
mod secrets;
mod suite;
mod support;
mod sweeps;
