//! Settings, in memory.

use std::time::Duration;

use async_trait::async_trait;

use super::MemoryStore;
use crate::error::StoreError;
use crate::traits::{Settings, SettingsStore};

#[async_trait]
impl SettingsStore for MemoryStore {
    async fn settings(&self, token_lifetime: Duration) -> Result<Settings, StoreError> {
        let (mut state, _) = self.lock();
        state.max_token_lifetime = state.max_token_lifetime.max(token_lifetime);
        Ok(Settings {
            store: state.store,
            max_token_lifetime: state.max_token_lifetime,
        })
    }
}
