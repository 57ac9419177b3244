//! Settings, under keys.

use std::time::Duration;

use async_trait::async_trait;

use super::KeyedStore;
use super::database::Database;
use super::row::SettingsRow;
use super::tx::{SETTINGS, Tx};
use crate::error::StoreError;
use crate::traits::{Settings, SettingsStore};

#[async_trait]
impl<D: Database> SettingsStore for KeyedStore<D> {
    async fn settings(&self, token_lifetime: Duration) -> Result<Settings, StoreError> {
        self.write(move |tx| {
            let mut settings = tx.view().settings()?;
            if settings.max_token_lifetime < token_lifetime {
                settings.max_token_lifetime = token_lifetime;
                tx.put(SETTINGS, &SettingsRow::from(settings.clone()))?;
            }
            Ok(settings)
        })
        .await
    }
}

/// Draws the store's identity where there is none.
pub(super) fn begin(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    if tx.rows.get(SETTINGS)?.is_some() {
        return Ok(());
    }
    let settings = Settings {
        store: crate::identity::draw(),
        max_token_lifetime: Duration::ZERO,
    };
    tx.put(SETTINGS, &SettingsRow::from(settings))
}
