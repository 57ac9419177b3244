//! Which events consumers have handled.

use std::time::Duration;

use async_trait::async_trait;
use auth_core::{EventId, TenantId};
use sqlx::PgConnection;

use super::error::{Intent, failed};
use super::lease::Statement;
use super::{PgStore, micros};
use crate::error::StoreError;
use crate::traits::ConsumerStore;

/// A row comes back to the first alone. Whoever comes second waits for the
/// first one's transaction.
const MARK: &str = "\
    INSERT INTO auth.consumed AS c (tenant, consumer, event, expires_at) \
    VALUES ($1, $2, $3, clock_timestamp() + $4 * interval '1 microsecond') \
    ON CONFLICT (tenant, consumer, event) DO UPDATE SET expires_at = excluded.expires_at \
        WHERE c.expires_at <= clock_timestamp() \
    RETURNING c.event";

#[async_trait]
impl ConsumerStore for PgStore {
    async fn first_seen(
        &self,
        consumer: &str,
        tenant: TenantId,
        event: EventId,
        keep: Duration,
    ) -> Result<bool, StoreError> {
        let mut lease = self.lease().await?;
        let bind = |sql: Statement| {
            sql.bind(tenant.as_uuid())
                .bind(consumer)
                .bind(event.as_uuid())
                .bind(micros(keep))
        };
        let first = lease.write(MARK, bind).await?.is_some();
        self.sweep_in_turn(lease);
        Ok(first)
    }
}

impl PgStore {
    /// As [`ConsumerStore::first_seen`], in a transaction of the application's
    /// own on a connection to the same database: the mark is committed with what
    /// the application does about the event, or not at all. Another consumer of
    /// the same name that comes meanwhile waits for that transaction.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # use auth_core::event::Event;
    /// # async fn example(store: auth_store::PgStore, pool: sqlx::PgPool, event: Event) -> Result<(), Box<dyn std::error::Error>> {
    /// let week = Duration::from_secs(7 * 24 * 3600);
    /// let mut deed = pool.begin().await?;
    /// if store.first_seen_in(&mut deed, "billing", event.tenant, event.id, week).await? {
    ///     // do it, on `deed`
    /// }
    /// deed.commit().await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`StoreError`] when the statement fails; the transaction is of no more use
    /// then.
    pub async fn first_seen_in(
        &self,
        connection: &mut PgConnection,
        consumer: &str,
        tenant: TenantId,
        event: EventId,
        keep: Duration,
    ) -> Result<bool, StoreError> {
        let row = sqlx::query(self.schema.qualify(MARK))
            .bind(tenant.as_uuid())
            .bind(consumer)
            .bind(event.as_uuid())
            .bind(micros(keep))
            .fetch_optional(connection)
            .await
            .map_err(|error| failed(error, Intent::Write))?;
        Ok(row.is_some())
    }
}
