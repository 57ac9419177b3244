//! Attempts at passwords.

use std::time::Duration;

use async_trait::async_trait;
use auth_core::{AccountKey, TenantId};
use sqlx::postgres::PgRow;

use super::PgStore;
use super::lease::Statement;
use super::row::{get, record_columns, user_record};
use crate::error::{StoreError, StoreErrorKind};
use crate::traits::{
    Attempt, AttemptFrom, AttemptStore, Charge, Reservation, Settlement, UserRecord,
};

/// `Budget::at`, as an expression.
macro_rules! failures {
    () => {
        "CASE WHEN a.expires_at > clock_timestamp() THEN a.failures ELSE 0 END"
    };
}

/// `Reservation::decide` and `Budget::charged`.
///
/// The rows are locked in the order of their names, and the clock is read over
/// locked rows. Rows that somebody else makes meanwhile are not among them:
/// `ON CONFLICT` waits for those, counts on from what they say, and charges
/// nothing if they say to wait.
const RESERVE: &str = concat!(
    "WITH held AS MATERIALIZED (\
       SELECT a.budget, a.failures, a.wait_until, a.known_until, a.expires_at FROM auth.attempts a \
       WHERE a.tenant = $1 AND a.account = $3 AND a.budget IN ($4, $5) ORDER BY a.budget FOR UPDATE\
     ), c AS MATERIALIZED (\
       SELECT clock_timestamp() AS now FROM (SELECT count(*) FROM held) h\
     ), own AS (\
       SELECT h.* FROM held h CROSS JOIN c WHERE h.budget = $4 AND h.expires_at > c.now\
     ), others AS (\
       SELECT h.* FROM held h CROSS JOIN c WHERE h.budget = $5 AND h.expires_at > c.now\
     ), k AS MATERIALIZED (\
       SELECT c.now, $6 AND NOT COALESCE(own.known_until > c.now AND own.failures < 20, false) AS both, \
              own.wait_until AS own_wait, others.wait_until AS others_wait, \
              COALESCE(own.failures, 0) AS own_failures, COALESCE(others.failures, 0) AS others_failures \
       FROM c LEFT JOIN own ON true LEFT JOIN others ON true\
     ), d AS MATERIALIZED (\
       SELECT k.now, k.both, \
              GREATEST(k.now, k.own_wait, CASE WHEN k.both THEN k.others_wait END) AS wait_until, \
              CASE WHEN $6 THEN k.both AND k.others_failures >= 100 ELSE k.own_failures >= 100 END AS exhausted \
       FROM k\
     ), u AS MATERIALIZED (SELECT ",
    record_columns!(),
    "  FROM auth.users u WHERE u.tenant = $1 AND u.identifier_norm = $2\
     ), kept AS (\
       SELECT CASE WHEN EXISTS (SELECT FROM u) THEN interval '365 days' ELSE interval '1 day' END AS long\
     ), charged AS (\
       INSERT INTO auth.attempts AS a \
           (tenant, account, budget, failures, wait_until, known_until, expires_at) \
       SELECT $1, $3, b.budget, 1, d.now, 'epoch', d.now + b.kept \
       FROM d CROSS JOIN kept CROSS JOIN LATERAL (VALUES \
           ($4::text, CASE WHEN $6 THEN interval '1 day' ELSE kept.long END), \
           ($5::text, kept.long)) AS b (budget, kept) \
       WHERE d.wait_until = d.now AND (b.budget = $4 OR d.both) \
       ORDER BY b.budget \
       ON CONFLICT (tenant, account, budget) DO UPDATE SET \
           failures = ",
    failures!(),
    " + 1, \
           wait_until = excluded.wait_until + CASE WHEN ",
    failures!(),
    " < 4 THEN interval '0' \
               ELSE LEAST(interval '1 hour', power(2, LEAST(a.failures - 4, 12)) * interval '1 second') END, \
           expires_at = GREATEST(a.known_until, excluded.expires_at) \
       WHERE a.wait_until <= clock_timestamp() \
       RETURNING a.budget\
     ) \
     SELECT d.both, d.exhausted, \
            (extract(epoch FROM d.wait_until - d.now) * 1000000)::bigint AS wait, \
            (SELECT count(*) FROM charged) AS charged, u.* \
     FROM d LEFT JOIN u ON true"
);

/// `Budget::settled`. The rows are locked in the same order as above, and
/// found by their key: what was changed meanwhile has moved.
macro_rules! settle {
    ($set:literal) => {
        concat!(
            "WITH held AS MATERIALIZED (\
               SELECT a.budget FROM auth.attempts a \
               WHERE a.tenant = $1 AND a.account = $2 AND (a.budget = $3 OR ($4 AND a.budget = $5)) \
               ORDER BY a.budget FOR UPDATE\
             ) UPDATE auth.attempts a SET ",
            $set,
            " FROM held WHERE a.tenant = $1 AND a.account = $2 AND a.budget = held.budget"
        )
    };
}

const SUCCEED: &str = settle!(
    "failures = 0, wait_until = 'epoch', \
     known_until = CASE WHEN $6 AND a.budget = $3 THEN clock_timestamp() + interval '30 days' \
                        ELSE 'epoch' END, \
     expires_at = CASE WHEN $6 AND a.budget = $3 \
                       THEN GREATEST(a.expires_at, clock_timestamp() + interval '30 days') \
                       ELSE a.expires_at END"
);

const GIVE_BACK: &str = settle!(
    "failures = GREATEST(a.failures - 1, 0), wait_until = LEAST(a.wait_until, clock_timestamp())"
);

const FORGET: &str = "DELETE FROM auth.attempts a WHERE a.tenant = $1 AND a.account = $2";

/// How often an attempt starts over because another one came first.
const TRIES: usize = 8;

#[async_trait]
impl AttemptStore for PgStore {
    async fn reserve_attempt(
        &self,
        attempt: &Attempt,
    ) -> Result<(Reservation, Option<UserRecord>), StoreError> {
        let mut lease = self.lease().await?;
        let (account, budget) = (attempt.account(), attempt.from.budget());
        let bind = |sql: Statement| {
            sql.bind(attempt.tenant.as_uuid())
                .bind(attempt.identifier.normalized())
                .bind(&account.as_bytes()[..])
                .bind(&budget)
                .bind(AttemptFrom::OTHERS)
                .bind(attempt.from.is_network())
        };
        for _ in 0..TRIES {
            let row = lease.write(RESERVE, bind).await?;
            let row = row.ok_or_else(|| {
                StoreError::new(StoreErrorKind::Other, "the statement gave no row")
            })?;
            if let Some(reservation) = reservation(&row)? {
                let found = get::<Option<&str>>(&row, "identifier")?.is_some();
                let record = found.then(|| user_record(&row)).transpose()?;
                self.sweep_in_turn(lease);
                return Ok((reservation, record));
            }
        }
        // Somebody tries all the time: this one waits like any other.
        Ok((Reservation::Wait(Duration::from_secs(1)), None))
    }

    async fn settle_attempt(
        &self,
        attempt: &Attempt,
        charge: Charge,
        settlement: Settlement,
    ) -> Result<(), StoreError> {
        let (account, budget) = (attempt.account(), attempt.from.budget());
        let bind = |sql: Statement| {
            sql.bind(attempt.tenant.as_uuid())
                .bind(&account.as_bytes()[..])
                .bind(&budget)
                .bind(charge.others)
                .bind(AttemptFrom::OTHERS)
        };
        let mut lease = self.lease().await?;
        match settlement {
            Settlement::Success => {
                let is_network = attempt.from.is_network();
                lease
                    .write(SUCCEED, |sql| bind(sql).bind(is_network))
                    .await?
            }
            Settlement::Unused => lease.write(GIVE_BACK, bind).await?,
        };
        Ok(())
    }

    async fn forget_attempts(
        &self,
        tenant: TenantId,
        account: &AccountKey,
    ) -> Result<(), StoreError> {
        let bind = |sql: Statement| sql.bind(tenant.as_uuid()).bind(&account.as_bytes()[..]);
        self.lease().await?.write(FORGET, bind).await?;
        Ok(())
    }
}

/// `None` if another attempt came in between.
fn reservation(row: &PgRow) -> Result<Option<Reservation>, StoreError> {
    let wait: i64 = get(row, "wait")?;
    if let Ok(micros @ 1..) = u64::try_from(wait) {
        return Ok(Some(Reservation::Wait(Duration::from_micros(micros))));
    }
    let others: bool = get(row, "both")?;
    if get::<i64>(row, "charged")? < 1 + i64::from(others) {
        return Ok(None);
    }
    let exhausted = get(row, "exhausted")?;
    Ok(Some(Reservation::Reserved(Charge { others, exhausted })))
}
