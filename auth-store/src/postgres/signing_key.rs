//! Sealed signing keys.

use async_trait::async_trait;
use auth_core::Sealed;
use sqlx::postgres::PgRow;

use super::PgStore;
use super::lease::Statement;
use super::row::{get, time};
use crate::error::StoreError;
use crate::traits::{SealedKey, SigningKeyStore};

const ALL: &str = "\
    SELECT k.kid, k.algorithm, k.private, k.created_at FROM auth.signing_keys k \
    ORDER BY k.created_at, k.kid";

/// Who sees no key may not be alone in seeing none: the index on `first` then
/// lets one of them insert, and the others wait for it.
const STORE_FIRST: &str = "\
    INSERT INTO auth.signing_keys (kid, algorithm, private, first) \
    SELECT $1, $2, $3, true WHERE NOT EXISTS (SELECT FROM auth.signing_keys) \
    ON CONFLICT DO NOTHING";

#[async_trait]
impl SigningKeyStore for PgStore {
    async fn signing_keys(&self) -> Result<Vec<SealedKey>, StoreError> {
        let mut lease = self.lease().await?;
        lease
            .read_all(ALL, |sql| sql)
            .await?
            .iter()
            .map(sealed_key)
            .collect()
    }

    async fn store_first_signing_key(&self, key: &SealedKey) -> Result<(), StoreError> {
        let bind = |sql: Statement| {
            sql.bind(&key.kid)
                .bind(&key.algorithm)
                .bind(key.private.as_bytes())
        };
        self.lease().await?.write(STORE_FIRST, bind).await?;
        Ok(())
    }
}

fn sealed_key(row: &PgRow) -> Result<SealedKey, StoreError> {
    Ok(SealedKey {
        kid: get(row, "kid")?,
        algorithm: get(row, "algorithm")?,
        private: Sealed::from_bytes(get(row, "private")?),
        created_at: time(row, "created_at")?,
    })
}
