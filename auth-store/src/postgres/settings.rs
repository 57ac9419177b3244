//! Settings.

use std::time::Duration;

use async_trait::async_trait;
use sqlx::postgres::PgRow;

use super::lease::Lease;
use super::row::get;
use super::{PgStore, micros};
use crate::error::StoreError;
use crate::sql::corrupt;
use crate::traits::{Settings, SettingsStore};

const READ: &str = "SELECT g.store, g.max_token_lifetime FROM auth.settings g WHERE g.singleton";

/// The lock waits for every statement that is writing to the log with the old
/// value, and lets none begin before the new one is committed: a statement
/// locks its tables before it takes the snapshot it reads the settings in.
/// Without it, a row written by a statement that was slow would be forgotten
/// before a token of the new lifetime that it revokes.
const RAISE: &str = "\
    BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; \
    SET LOCAL lock_timeout = '10s'; SET LOCAL statement_timeout = '10s'; \
    LOCK TABLE auth.revocations IN SHARE MODE; \
    UPDATE auth.settings SET max_token_lifetime = {n} WHERE max_token_lifetime < {n}; \
    COMMIT";

#[async_trait]
impl SettingsStore for PgStore {
    async fn settings(&self, token_lifetime: Duration) -> Result<Settings, StoreError> {
        let wanted = micros(token_lifetime);
        let mut lease = self.lease().await?;
        let settings = read(&mut lease).await?;
        if micros(settings.max_token_lifetime) >= wanted {
            return Ok(settings);
        }
        lease.script(RAISE, wanted).await?;
        read(&mut lease).await
    }
}

async fn read(lease: &mut Lease) -> Result<Settings, StoreError> {
    let row = lease
        .read(READ, |sql| sql)
        .await?
        .ok_or_else(|| corrupt("store"))?;
    Ok(Settings {
        store: get(&row, "store")?,
        max_token_lifetime: lifetime(&row)?,
    })
}

/// The column `max_token_lifetime`.
pub(super) fn lifetime(row: &PgRow) -> Result<Duration, StoreError> {
    let lifetime: i64 = get(row, "max_token_lifetime")?;
    let lifetime = lifetime
        .try_into()
        .map_err(|_| corrupt("max_token_lifetime"))?;
    Ok(Duration::from_micros(lifetime))
}
