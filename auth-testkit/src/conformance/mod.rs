//! The suite that every store must pass.
//!
//! A store is taken on trust by everything above it: a stale read accepts a
//! spent refresh token, a forgotten log row lets a revoked one live. Each case
//! here holds a store to one sentence of the contracts in `auth-store`, and
//! says which one when it fails. In a test file of the store's crate:
//!
//! ```
//! use auth_store::MemoryStore;
//! use auth_testkit::conformance::Clocked;
//!
//! async fn fresh() -> Clocked<MemoryStore> {
//!     Clocked::open(async |clock| MemoryStore::with_clock(clock)).await
//! }
//!
//! auth_testkit::store_suite!(fresh);
//! # fn main() {}
//! ```
//!
//! A store whose clock is elsewhere, or whose second instance has something of its own,
//! implements [`Subject`].
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a case fails by panicking, with the contract that is broken as its message"
)]

pub mod account_effects;
pub mod api_key_limits;
pub mod api_key_races;
pub mod api_keys;
pub mod attempts;
pub mod changes;
mod clocked;
pub mod conflict;
pub mod consumed;
pub mod counted;
pub mod cursors;
pub mod dropped;
pub mod dropped_accounts;
pub mod dropped_users;
pub mod effects;
pub mod ends;
mod events;
pub mod expiry;
pub mod extremes;
pub mod hostile;
pub mod idempotency;
pub mod key_revocation;
pub mod keys;
pub mod lifetimes;
mod list;
pub mod log;
pub mod log_in_races;
pub mod look_ups;
pub mod outbox;
pub mod password_policy;
pub mod password_reset;
pub mod passwords;
pub mod platforms;
mod race;
pub mod races;
pub mod replay;
pub mod request_list;
pub mod requests;
pub mod revoking;
pub mod rotation;
pub mod sessions;
pub mod stale;
pub mod tenant_status;
pub mod tenants;
mod tokens;
pub mod users;
mod world;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use auth_store::Store;

use crate::suite::run_within;

pub use crate::suite::Run;
pub use clocked::Clocked;
pub use list::CASES;

/// A fresh store under test, with nobody else in it.
#[async_trait]
pub trait Subject: Send + Sync {
    /// The store.
    fn store(&self) -> Arc<dyn Store>;

    /// Another handle on the same data, as a second instance would have:
    /// another pool, another connection to the file.
    async fn second(&self) -> Arc<dyn Store>;

    /// Lets time pass for the store: advances its manual clock, or shifts all
    /// stored times back by `time`. No case looks at more than the difference
    /// between a stored time and the store's clock after calling it.
    async fn pass(&self, time: Duration);
}

/// One case of the suite.
pub type Case = crate::suite::Case<dyn Subject>;

/// The longest that a case may take; beyond it the store hangs.
const PATIENCE: Duration = Duration::from_secs(300);

/// Runs a case, and fails it when it hangs: what the tests of
/// [`store_suite!`](crate::store_suite) do.
///
/// # Panics
/// When the store breaks the case's contract, or hangs.
pub async fn run(case: Run<'_>) {
    run_within(PATIENCE, "store", case).await;
}
