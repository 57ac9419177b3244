//! What consumers of events have already handled.

use std::time::Duration;

use async_trait::async_trait;
use auth_core::{EventId, TenantId};

use crate::error::StoreError;

/// Remembers which events a consumer has handled: a bus delivers at least once,
/// and whoever acts on an event acts once.
///
/// # Contract
/// Of any number of calls with one consumer, tenant and event, on any number of
/// instances, one is told that it is the first, until `keep` has passed since.
#[async_trait]
pub trait ConsumerStore: Send + Sync {
    /// Marks an event as handled by `consumer`, and says whether it was not
    /// marked before. Keep the mark for longer than the bus may deliver again.
    ///
    /// It is a transaction of its own: a consumer that dies between the mark and
    /// the deed has done nothing and will not be asked again. Where that must not
    /// be, and the deed is in the same database, mark it in the deed's own
    /// transaction (`PgStore::first_seen_in`, `SqliteStore::first_seen_in`); where
    /// the deed may be done twice, do it first and mark it then.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails; after
    /// [`OutcomeUnknown`](crate::StoreErrorKind::OutcomeUnknown) the event may be
    /// marked.
    async fn first_seen(
        &self,
        consumer: &str,
        tenant: TenantId,
        event: EventId,
        keep: Duration,
    ) -> Result<bool, StoreError>;
}
