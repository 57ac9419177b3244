//! Sealed signing keys, in memory.

use async_trait::async_trait;

use super::MemoryStore;
use crate::error::StoreError;
use crate::traits::{SealedKey, SigningKeyStore};

#[async_trait]
impl SigningKeyStore for MemoryStore {
    async fn signing_keys(&self) -> Result<Vec<SealedKey>, StoreError> {
        Ok(self.lock().0.signing_keys.clone())
    }

    async fn store_first_signing_key(&self, key: &SealedKey) -> Result<(), StoreError> {
        let (mut state, now) = self.lock();
        if state.signing_keys.is_empty() {
            state.signing_keys.push(SealedKey {
                created_at: now,
                ..key.clone()
            });
        }
        Ok(())
    }
}
