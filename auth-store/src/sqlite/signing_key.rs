//! Sealed signing keys.

use async_trait::async_trait;
use auth_core::Sealed;

use super::SqliteStore;
use super::error::failed;
use super::row::{get, time};
use crate::error::StoreError;
use crate::traits::{SealedKey, SigningKeyStore};

#[async_trait]
impl SigningKeyStore for SqliteStore {
    async fn signing_keys(&self) -> Result<Vec<SealedKey>, StoreError> {
        let rows = sqlx::query(
            "SELECT kid, algorithm, private, created_at FROM auth_signing_keys ORDER BY created_at, kid",
        )
        .fetch_all(&self.readers)
        .await
        .map_err(failed)?;
        rows.iter()
            .map(|row| {
                Ok(SealedKey {
                    kid: get(row, "kid")?,
                    algorithm: get(row, "algorithm")?,
                    private: Sealed::from_bytes(get(row, "private")?),
                    created_at: time(row, "created_at")?,
                })
            })
            .collect()
    }

    async fn store_first_signing_key(&self, key: &SealedKey) -> Result<(), StoreError> {
        let key = key.clone();
        self.write(move |tx| {
            Box::pin(async move {
                sqlx::query(
                    "INSERT INTO auth_signing_keys (kid, algorithm, private, created_at) \
                     SELECT ?, ?, ?, ? WHERE NOT EXISTS (SELECT 1 FROM auth_signing_keys)",
                )
                .bind(key.kid)
                .bind(key.algorithm)
                .bind(key.private.as_bytes().to_vec())
                .bind(tx.now.unix_micros())
                .execute(&mut tx.connection)
                .await
                .map_err(failed)?;
                Ok(())
            })
        })
        .await
    }
}
