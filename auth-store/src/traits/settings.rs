//! What all instances of one store must agree on.

use std::time::Duration;

use async_trait::async_trait;
use uuid::Uuid;

use crate::error::StoreError;

/// What holds for everybody who uses the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The store's own identity, drawn when it was made.
    pub store: Uuid,
    /// The longest that any access token lives. A revocation is remembered
    /// for this long, and 120 s more.
    pub max_token_lifetime: Duration,
}

/// The settings of a store.
#[async_trait]
pub trait SettingsStore {
    /// Reads the settings, after raising the longest token lifetime to
    /// `token_lifetime` if it is shorter.
    ///
    /// # Contract
    /// From the return on, every revocation outlives a token of that lifetime.
    /// A shorter memory would let a revoked token live again.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    async fn settings(&self, token_lifetime: Duration) -> Result<Settings, StoreError>;
}

/// How long a revocation is remembered beyond the longest token lifetime: the
/// greatest leeway, and as much again for clocks that disagree.
pub const REVOCATION_MARGIN: Duration = Duration::from_secs(120);
