//! Which events consumers have handled.

use std::time::Duration;

use async_trait::async_trait;
use auth_core::{EventId, TenantId, Timestamp};
use sqlx::SqliteConnection;

use super::error::failed;
use super::{SqliteStore, id};
use crate::error::StoreError;
use crate::traits::ConsumerStore;

/// One row is changed for the first alone.
const MARK: &str = "\
    INSERT INTO auth_consumed (tenant_id, consumer, event, expires_at) VALUES (?1, ?2, ?3, ?4) \
    ON CONFLICT (tenant_id, consumer, event) DO UPDATE SET expires_at = excluded.expires_at \
        WHERE auth_consumed.expires_at <= ?5";

pub(super) const FORGET: &str = "\
    DELETE FROM auth_consumed WHERE (tenant_id, consumer, event) IN \
        (SELECT tenant_id, consumer, event FROM auth_consumed WHERE expires_at <= ? \
         ORDER BY expires_at LIMIT 100)";

#[async_trait]
impl ConsumerStore for SqliteStore {
    async fn first_seen(
        &self,
        consumer: &str,
        tenant: TenantId,
        event: EventId,
        keep: Duration,
    ) -> Result<bool, StoreError> {
        let consumer = consumer.to_owned();
        self.write(move |tx| {
            Box::pin(async move {
                sqlx::query(FORGET)
                    .bind(tx.now.unix_micros())
                    .execute(&mut tx.connection)
                    .await
                    .map_err(failed)?;
                mark(&mut tx.connection, &consumer, tenant, event, keep, tx.now).await
            })
        })
        .await
    }
}

impl SqliteStore {
    /// As [`ConsumerStore::first_seen`], in a transaction of the application's
    /// own on its own connection to the same file: the mark is committed with
    /// what the application does about the event, or not at all. Begin that
    /// transaction with `BEGIN IMMEDIATE`; the store's writes wait for it, for 2 s
    /// at most.
    ///
    /// # Errors
    /// [`StoreError`] when the statement fails.
    pub async fn first_seen_in(
        &self,
        connection: &mut SqliteConnection,
        consumer: &str,
        tenant: TenantId,
        event: EventId,
        keep: Duration,
    ) -> Result<bool, StoreError> {
        let now = self.writer.now();
        mark(connection, consumer, tenant, event, keep, now).await
    }
}

async fn mark(
    connection: &mut SqliteConnection,
    consumer: &str,
    tenant: TenantId,
    event: EventId,
    keep: Duration,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let marked = sqlx::query(MARK)
        .bind(id(tenant.as_uuid()))
        .bind(consumer)
        .bind(id(event.as_uuid()))
        .bind((now + keep).unix_micros())
        .bind(now.unix_micros())
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(marked.rows_affected() == 1)
}
