//! Settings.

use std::time::Duration;

use async_trait::async_trait;
use sqlx::sqlite::SqliteRow;

use super::SqliteStore;
use super::error::failed;
use super::row::{get, uuid};
use super::writer::Tx;
use crate::error::StoreError;
use crate::sql::{corrupt, micros};
use crate::traits::{Settings, SettingsStore};

#[async_trait]
impl SettingsStore for SqliteStore {
    async fn settings(&self, token_lifetime: Duration) -> Result<Settings, StoreError> {
        self.write(move |tx| {
            Box::pin(async move {
                sqlx::query("UPDATE auth_settings SET max_token_lifetime = ?1 WHERE max_token_lifetime < ?1")
                    .bind(micros(token_lifetime))
                    .execute(&mut tx.connection)
                    .await
                    .map_err(failed)?;
                read(tx).await
            })
        })
        .await
    }
}

/// The settings, under the write lock.
pub(super) async fn read(tx: &mut Tx) -> Result<Settings, StoreError> {
    let row = sqlx::query("SELECT store, max_token_lifetime FROM auth_settings WHERE id = 1")
        .fetch_one(&mut tx.connection)
        .await
        .map_err(failed)?;
    Ok(Settings {
        store: uuid(&row, "store")?,
        max_token_lifetime: lifetime(&row)?,
    })
}

/// The column `max_token_lifetime`.
pub(super) fn lifetime(row: &SqliteRow) -> Result<Duration, StoreError> {
    let lifetime = u64::try_from(get::<i64>(row, "max_token_lifetime")?)
        .map_err(|_| corrupt("max_token_lifetime"))?;
    Ok(Duration::from_micros(lifetime))
}
