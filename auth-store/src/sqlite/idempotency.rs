//! Requests that must not be done twice, under the write lock.

use std::time::Duration;

use async_trait::async_trait;
use auth_core::Sealed;
use auth_core::idempotency::{
    Begun, IdempotencyError, IdempotencyStore, IdempotentRequest, OwnerId,
};

use super::error::failed;
use super::row::{get, time};
use super::writer::Tx;
use super::{SqliteStore, id};
use crate::error::StoreError;

pub(super) const FIND: &str = "\
    SELECT fingerprint, owner, lease_until, done, answer, expires_at FROM auth_idempotency_keys \
    WHERE tenant_id = ? AND route = ? AND key = ?";

const TAKE: &str = "\
    INSERT OR REPLACE INTO auth_idempotency_keys \
        (tenant_id, route, key, fingerprint, owner, lease_until, expires_at) \
    VALUES (?, ?, ?, ?, ?, ?, ?)";

const COMPLETE: &str = "\
    UPDATE auth_idempotency_keys SET done = 1, answer = ?5 \
    WHERE tenant_id = ?1 AND route = ?2 AND key = ?3 AND owner = ?4";

const RELEASE: &str = "\
    DELETE FROM auth_idempotency_keys \
    WHERE tenant_id = ?1 AND route = ?2 AND key = ?3 AND owner = ?4 AND done = 0";

pub(super) const FORGET: &str = "\
    DELETE FROM auth_idempotency_keys WHERE (tenant_id, route, key) IN \
        (SELECT tenant_id, route, key FROM auth_idempotency_keys WHERE expires_at <= ? \
         ORDER BY expires_at LIMIT 100)";

#[async_trait]
impl IdempotencyStore for SqliteStore {
    async fn begin_request(
        &self,
        request: &IdempotentRequest,
        owner: OwnerId,
        lease: Duration,
        keep: Duration,
    ) -> Result<Begun, IdempotencyError> {
        let request = request.clone();
        let begun = self.write(move |tx| {
            Box::pin(async move { begin(tx, &request, owner, lease, keep).await })
        });
        Ok(begun.await?)
    }

    async fn complete_request(
        &self,
        request: &IdempotentRequest,
        owner: OwnerId,
        answer: Option<&Sealed>,
    ) -> Result<bool, IdempotencyError> {
        let request = request.clone();
        let answer = answer.map(|answer| answer.as_bytes().to_vec());
        let completed = self.write(move |tx| {
            Box::pin(async move {
                let completed = sqlx::query(COMPLETE)
                    .bind(id(request.tenant.as_uuid()))
                    .bind(request.route)
                    .bind(request.key.to_vec())
                    .bind(owner.as_bytes().to_vec())
                    .bind(answer)
                    .execute(&mut tx.connection)
                    .await
                    .map_err(failed)?;
                Ok(completed.rows_affected() == 1)
            })
        });
        Ok(completed.await?)
    }

    async fn release_request(
        &self,
        request: &IdempotentRequest,
        owner: OwnerId,
    ) -> Result<(), IdempotencyError> {
        let request = request.clone();
        let released = self.write(move |tx| {
            Box::pin(async move {
                sqlx::query(RELEASE)
                    .bind(id(request.tenant.as_uuid()))
                    .bind(request.route)
                    .bind(request.key.to_vec())
                    .bind(owner.as_bytes().to_vec())
                    .execute(&mut tx.connection)
                    .await
                    .map_err(failed)?;
                Ok(())
            })
        });
        Ok(released.await?)
    }
}

async fn begin(
    tx: &mut Tx,
    request: &IdempotentRequest,
    owner: OwnerId,
    lease: Duration,
    keep: Duration,
) -> Result<Begun, StoreError> {
    sqlx::query(FORGET)
        .bind(tx.now.unix_micros())
        .execute(&mut tx.connection)
        .await
        .map_err(failed)?;
    let row = sqlx::query(FIND)
        .bind(id(request.tenant.as_uuid()))
        .bind(request.route.clone())
        .bind(request.key.to_vec())
        .fetch_optional(&mut tx.connection)
        .await
        .map_err(failed)?;
    if let Some(row) = row
        && tx.now < time(&row, "expires_at")?
    {
        if !request.asks(get(&row, "fingerprint")?) {
            return Ok(Begun::Mismatch);
        }
        if get(&row, "done")? {
            let answer: Option<Vec<u8>> = get(&row, "answer")?;
            return Ok(Begun::Done(answer.map(Sealed::from_bytes)));
        }
        let until = time(&row, "lease_until")?;
        if tx.now < until && get::<&[u8]>(&row, "owner")? != owner.as_bytes() {
            let retry_after = until.since(tx.now);
            return Ok(Begun::Busy { retry_after });
        }
    }
    let fingerprint = request.fingerprints.first().map(|own| own.to_vec());
    sqlx::query(TAKE)
        .bind(id(request.tenant.as_uuid()))
        .bind(request.route.clone())
        .bind(request.key.to_vec())
        .bind(fingerprint)
        .bind(owner.as_bytes().to_vec())
        .bind((tx.now + lease).unix_micros())
        .bind((tx.now + keep.max(lease)).unix_micros())
        .execute(&mut tx.connection)
        .await
        .map_err(failed)?;
    Ok(Begun::Owned)
}
