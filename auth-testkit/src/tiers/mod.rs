//! The suite that every second level must pass.
//!
//! A cache takes its tier at its word: one that stores what an invalidation has
//! overtaken, or gives a value to the wrong key, makes every process serve it. Each
//! case holds a tier to one sentence of [`auth_cache::tier::Tier`]. In a test file:
//!
//! ```
//! use std::sync::Arc;
//! use std::time::Duration;
//!
//! use auth_cache::tier::{MemoryTier, Tier};
//! use auth_core::{ManualClock, Timestamp};
//! use auth_testkit::tiers::Subject;
//!
//! struct Memory {
//!     clock: Arc<ManualClock>,
//!     tier: MemoryTier,
//! }
//!
//! #[async_trait::async_trait]
//! impl Subject for Memory {
//!     async fn process(&self) -> Arc<dyn Tier> {
//!         Arc::new(self.tier.handle())
//!     }
//!
//!     async fn pass(&self, time: Duration) {
//!         self.clock.advance(time);
//!     }
//!
//!     async fn lose_everything(&self) {
//!         self.tier.lose_everything();
//!     }
//! }
//!
//! async fn fresh() -> Memory {
//!     let clock = Arc::new(ManualClock::at(Timestamp::from_unix_seconds(1_800_000_000)));
//!     Memory { tier: MemoryTier::with_clock(clock.clone()), clock }
//! }
//!
//! auth_testkit::tier_suite!(fresh);
//! # fn main() {}
//! ```
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a case fails by panicking, with the contract that is broken as its message"
)]

pub mod fence;
pub mod keys;
pub mod leases;
mod list;
pub mod tags;
pub mod tails;
pub mod values;
mod world;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use auth_cache::tier::Tier;

use crate::suite::run_within;

pub use crate::suite::Run;
pub use list::CASES;

/// A fresh tier under test, with nobody else in it.
#[async_trait]
pub trait Subject: Send + Sync {
    /// The tier, as another process has it: each call is a process of its own.
    async fn process(&self) -> Arc<dyn Tier>;

    /// Lets time pass for the tier: advances its clock, or waits. A case asks for
    /// a few seconds at the most, and means it to within half a second.
    async fn pass(&self, time: Duration);

    /// Takes everything away that is stored, as an eviction or a restart without data
    /// does.
    async fn lose_everything(&self);
}

/// One case of the suite.
pub type Case = crate::suite::Case<dyn Subject>;

/// The longest that a case may take; beyond it the tier hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs a case, and fails it when it hangs: what the tests of
/// [`tier_suite!`](crate::tier_suite) do.
///
/// # Panics
/// When the tier breaks the case's contract, or hangs.
pub async fn run(case: Run<'_>) {
    run_within(PATIENCE, "tier", case).await;
}
