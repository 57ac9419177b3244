//! What the SDK is measured against, interleaved in one process.
//!
//! A [`Suite`] has groups; a [`Group`] has contenders, which do the same work
//! in different ways, and goals, each a ratio of two of them. [`measure`] takes
//! the contenders in turn, in batches so short that a noisy machine is as noisy
//! to each; [`run`] repeats that and holds the ratios against the goals.
//!
//! Before anything is timed, a suite proves that its contenders do the work: a
//! verifier that accepts a bad token is not fast, it is wrong.
#![expect(
    missing_debug_implementations,
    reason = "most of what is here is closures"
)]
#![expect(clippy::print_stdout, reason = "a benchmark speaks to its terminal")]

pub mod allocations;
pub mod cache;
pub mod cached_tokens;
mod goal;
mod group;
mod measure;
mod others;
mod page_faults;
pub mod passwords;
mod proc_stat;
pub mod run;
pub mod second_level;
mod statistics;
mod table;
pub mod tokens;

pub use goal::{Bound, Goal, Of};
pub use group::{Contender, Group, Suite};

/// Why there are no figures.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;
