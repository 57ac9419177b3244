//! Whole services over loopback HTTP, on PostgreSQL.
//!
//! | module | asks |
//! |---|---|
//! | [`scenario`] | how many users are served, next to services written by hand |
//! | [`flood`] | what two thousand log-ins at once do to the others |
//! | [`timing`] | whether the time of an answer tells who has an account |
//!
//! A service is a process of its own ([`service`]), so that its memory is its
//! own; whoever asks shares its cores, as everything else on this machine.
#![expect(clippy::print_stdout, reason = "a benchmark speaks to its terminal")]

mod child;
mod client;
mod database;
mod figures;
pub mod flood;
mod options;
pub mod scenario;
pub mod service;
pub mod timing;
mod users;

/// Why there are no figures.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;
