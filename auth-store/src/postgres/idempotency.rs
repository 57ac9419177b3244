//! Requests that must not be done twice.

use std::time::Duration;

use async_trait::async_trait;
use auth_core::Sealed;
use auth_core::idempotency::{
    Begun, IdempotencyError, IdempotencyStore, IdempotentRequest, OwnerId,
};
use sqlx::postgres::PgRow;

use super::lease::Statement;
use super::row::get;
use super::{PgStore, micros};
use crate::error::{StoreError, StoreErrorKind};

/// Takes the request if it is free; gives it as it was when the statement began
/// if it is not. Who adds or takes it meanwhile makes the rest of the answer a
/// thing of the past, as the caller can see.
const BEGIN: &str = "\
    WITH mine AS (INSERT INTO auth.idempotency_keys AS k \
            (tenant, route, key, fingerprint, owner, lease_until, expires_at) \
        VALUES ($1, $2, $3, $4, $5, clock_timestamp() + $6 * interval '1 microsecond', \
                clock_timestamp() + $7 * interval '1 microsecond') \
        ON CONFLICT (tenant, route, key) DO UPDATE SET fingerprint = excluded.fingerprint, \
                owner = excluded.owner, lease_until = excluded.lease_until, \
                expires_at = excluded.expires_at, done = false, answer = NULL \
            WHERE k.expires_at <= clock_timestamp() \
               OR (NOT k.done AND k.fingerprint = ANY ($8) \
                   AND (k.owner = $5 OR k.lease_until <= clock_timestamp())) \
        RETURNING k.key) \
    SELECT EXISTS (SELECT FROM mine) AS owned, k.fingerprint, k.done, k.answer, \
           (extract(epoch FROM k.lease_until - clock_timestamp()) * 1000000)::bigint AS busy, \
           k.expires_at <= clock_timestamp() AS expired \
    FROM (SELECT) one LEFT JOIN auth.idempotency_keys k ON k.tenant = $1 AND k.route = $2 AND k.key = $3";

const COMPLETE: &str = "\
    UPDATE auth.idempotency_keys k SET done = true, answer = $5 \
    WHERE k.tenant = $1 AND k.route = $2 AND k.key = $3 AND k.owner = $4 RETURNING k.key";

const RELEASE: &str = "\
    DELETE FROM auth.idempotency_keys k \
    WHERE k.tenant = $1 AND k.route = $2 AND k.key = $3 AND k.owner = $4 AND NOT k.done";

/// How often a request starts over because another one came first.
const TRIES: usize = 8;

#[async_trait]
impl IdempotencyStore for PgStore {
    async fn begin_request(
        &self,
        request: &IdempotentRequest,
        owner: OwnerId,
        lease: Duration,
        keep: Duration,
    ) -> Result<Begun, IdempotencyError> {
        let fingerprints: Vec<&[u8]> = request.fingerprints.iter().map(|own| &own[..]).collect();
        let bind = |sql: Statement| {
            name(sql, request)
                .bind(fingerprints.first().copied())
                .bind(&owner.as_bytes()[..])
                .bind(micros(lease))
                .bind(micros(keep.max(lease)))
                .bind(&fingerprints)
        };
        let mut connection = self.lease().await?;
        for _ in 0..TRIES {
            let mut written = connection.write(BEGIN, bind).await;
            // Whoever owns it may ask again.
            if matches!(&written, Err(error) if error.kind() == StoreErrorKind::OutcomeUnknown) {
                connection = self.lease().await?;
                written = connection.write(BEGIN, bind).await;
            }
            let row = written?.ok_or_else(|| {
                StoreError::new(StoreErrorKind::Other, "the statement gave no row")
            })?;
            if let Some(begun) = begun(&row, request)? {
                self.sweep_in_turn(connection);
                return Ok(begun);
            }
        }
        let retry_after = Duration::from_secs(1);
        Ok(Begun::Busy { retry_after })
    }

    async fn complete_request(
        &self,
        request: &IdempotentRequest,
        owner: OwnerId,
        answer: Option<&Sealed>,
    ) -> Result<bool, IdempotencyError> {
        let bind = |sql: Statement| {
            name(sql, request)
                .bind(&owner.as_bytes()[..])
                .bind(answer.map(Sealed::as_bytes))
        };
        let completed = match self.lease().await?.write(COMPLETE, bind).await {
            Err(error) if error.kind() == StoreErrorKind::OutcomeUnknown => {
                self.lease().await?.write(COMPLETE, bind).await
            }
            completed => completed,
        };
        Ok(completed?.is_some())
    }

    async fn release_request(
        &self,
        request: &IdempotentRequest,
        owner: OwnerId,
    ) -> Result<(), IdempotencyError> {
        let bind = |sql: Statement| name(sql, request).bind(&owner.as_bytes()[..]);
        self.lease().await?.write(RELEASE, bind).await?;
        Ok(())
    }
}

fn name(sql: Statement, request: &IdempotentRequest) -> Statement {
    sql.bind(request.tenant.as_uuid())
        .bind(&request.route)
        .bind(&request.key[..])
}

/// `None` if another one came in between.
fn begun(row: &PgRow, request: &IdempotentRequest) -> Result<Option<Begun>, StoreError> {
    if get(row, "owned")? {
        return Ok(Some(Begun::Owned));
    }
    let Some(fingerprint) = get::<Option<&[u8]>>(row, "fingerprint")? else {
        return Ok(None);
    };
    if get(row, "expired")? {
        return Ok(None);
    }
    if !request.asks(fingerprint) {
        return Ok(Some(Begun::Mismatch));
    }
    if get(row, "done")? {
        let answer: Option<Vec<u8>> = get(row, "answer")?;
        return Ok(Some(Begun::Done(answer.map(Sealed::from_bytes))));
    }
    Ok(match u64::try_from(get::<i64>(row, "busy")?) {
        Ok(micros @ 1..) => Some(Begun::Busy {
            retry_after: Duration::from_micros(micros),
        }),
        _ => None,
    })
}
