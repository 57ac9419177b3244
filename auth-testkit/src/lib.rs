//! What tests of the authentication SDK stand on, and of stores that others
//! write.
//!
//! [`conformance`] is one suite of cases that every store must pass: implement
//! `Subject` for yours, hand it to `store_suite!`, and each case becomes a
//! test with a name that says what must hold. The crate's README tells it step by
//! step; `request_suite!` has its cases about requests alone. [`tiers`] is such a
//! suite for second levels of caches. [`servers`] starts PostgreSQL and Redis for a
//! test, on free loopback ports and in temporary folders; they die with the process
//! that started them, however it ends. [`rounds`] makes of a test a soak.
//!
//! It is a dev-dependency, for use in `tests/`: unit tests of a crate that it
//! depends on would see that crate twice.

#[cfg(feature = "suites")]
pub mod conformance;
mod rounds;
pub mod servers;
#[cfg(feature = "suites")]
pub mod suite;
#[cfg(feature = "suites")]
pub mod tiers;

pub use rounds::{TIMES, rounds};
