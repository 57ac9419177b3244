//! Deleting what nobody will ask for any more.
//!
//! A little at a time, by rows that nobody else has locked, and never a table:
//! whoever logs in meanwhile waits for nothing.

use std::ops::AddAssign;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use auth_core::Timestamp;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::PgStore;
use super::lease::{Lease, Statement};
use super::row::{get, optional_time};
use crate::error::StoreError;
use crate::traits::ENDED_API_KEYS_KEPT;

/// After so many rows were added a table has its turn; after those of all tables up to
/// four times as many rows of each were deleted: what has expired goes faster than it
/// comes.
const TURN: u32 = 12;

/// How many rows of a table go at once.
const BATCH: i64 = 256;

/// How much longer than a batch took a [`purge`](PgStore::purge) rests after it. What it
/// writes to the server's log, others wait for when they commit.
const REST: u32 = 3;

/// What was deleted, and when the last of it had expired.
///
/// From where the last one ended: what was deleted is in the index until the
/// server has cleaned up, and would be walked over each time. Several instances
/// skip each other's rows. By `ctid`: a join of unknown size would be planned as
/// one over the whole table, and the rows are locked.
macro_rules! delete {
    ($table:literal, $before:literal) => {
        concat!(
            "WITH d AS (DELETE FROM auth.",
            $table,
            " WHERE ctid = ANY (ARRAY \
                 (SELECT x.ctid FROM auth.",
            $table,
            " x WHERE x.expires_at < ",
            $before,
            " AND x.expires_at >= 'epoch'::timestamptz + $1 * interval '1 microsecond' \
                  ORDER BY x.expires_at LIMIT 256 FOR UPDATE SKIP LOCKED)) RETURNING expires_at) \
             SELECT count(*) AS deleted, max(d.expires_at) AS last FROM d"
        )
    };
}

const _: () = assert!(BATCH == 256);

/// A day later than need be: a clock that was ahead for less than that has made
/// nothing forgotten.
const REVOCATIONS: &str = delete!("revocations", "statement_timestamp() - interval '1 day'");

/// Not before its last access token is gone, which can be revoked by it.
const SESSIONS: &str = delete!(
    "sessions",
    "statement_timestamp() - interval '1 day' \
     - (SELECT g.max_token_lifetime FROM auth.settings g WHERE g.singleton) * interval '1 microsecond'"
);

const ATTEMPTS: &str = delete!("attempts", "statement_timestamp()");

const CONSUMED: &str = delete!("consumed", "statement_timestamp()");

const REQUESTS: &str = delete!("idempotency_keys", "statement_timestamp()");

/// All keys in the order of their ids, a page at a time, of which those are deleted
/// that ended long ago: no index says which these are. With each key that is made
/// those of its user go anyway.
const API_KEYS: &str = "\
    WITH page AS (SELECT k.id, LEAST(k.revoked_at, k.expires_at) AS ended FROM auth.api_keys k \
                  WHERE k.id > $1 ORDER BY k.id LIMIT 256), \
    d AS (DELETE FROM auth.api_keys WHERE id = ANY (ARRAY \
             (SELECT k.id FROM auth.api_keys k WHERE k.id = ANY (ARRAY \
                 (SELECT p.id FROM page p WHERE p.ended <= statement_timestamp() - interval '30 days')) \
              FOR UPDATE SKIP LOCKED)) RETURNING id) \
    SELECT (SELECT count(*) FROM d) AS deleted, \
           (SELECT p.id FROM page p ORDER BY p.id DESC LIMIT 1) AS last";

const _: () = assert!(ENDED_API_KEYS_KEPT.as_secs() == 30 * 24 * 3600);

const ALL: [&str; 5] = [REVOCATIONS, SESSIONS, ATTEMPTS, CONSUMED, REQUESTS];

/// Where the next batch of each table begins, in microseconds.
#[derive(Clone, Debug, Default)]
pub(super) struct Marks(Arc<[AtomicI64; ALL.len()]>);

/// What a [`purge`](PgStore::purge) has deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Purged {
    /// Rows of the revocation log that no token is left for.
    pub revocations: u64,
    /// Sessions that have expired, and all their tokens with them.
    pub sessions: u64,
    /// Budgets of attempts that are forgotten.
    pub attempts: u64,
    /// Events that a consumer has handled, and that come no more.
    pub consumed: u64,
    /// Requests whose answers nobody asks for again.
    pub requests: u64,
    /// API keys that were revoked or expired more than 30 days ago.
    pub api_keys: u64,
}

impl PgStore {
    /// Deletes all that nobody will ask for any more, in batches of 256 rows,
    /// each a transaction of its own; between two it rests for three times as
    /// long as the last took. What somebody has locked is left for the next time.
    ///
    /// It need not be called: each call that adds a row deletes some in its turn.
    /// Where much has gathered, after years of another system's data say, this
    /// deletes it by a job. API keys that ended 30 days ago go with the next key of
    /// their user; this walks over all keys for those of the others. Dropping the future ends it after the batch that it
    /// is at.
    ///
    /// ```no_run
    /// # async fn example(store: auth_store::PgStore) -> Result<(), auth_store::StoreError> {
    /// let purged = store.purge().await?;
    /// println!("{} sessions are gone", purged.sessions);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`StoreError`] when the store fails; what was deleted before stays so.
    pub async fn purge(&self) -> Result<Purged, StoreError> {
        let mut purged = Purged::default();
        let counts = [
            &mut purged.revocations,
            &mut purged.sessions,
            &mut purged.attempts,
            &mut purged.consumed,
            &mut purged.requests,
        ];
        for (sql, count) in ALL.into_iter().zip(counts) {
            let mut mark = 0;
            loop {
                let begun = Instant::now();
                let batch = delete(&mut self.lease().await?, sql, mark).await?;
                count.add_assign(batch.deleted);
                let Some(next) = batch.next() else { break };
                mark = next;
                sleep(begun.elapsed() * REST).await;
            }
        }
        let mut after = Uuid::nil();
        loop {
            let begun = Instant::now();
            let page = |sql: Statement| sql.bind(after);
            let row = self.lease().await?.write(API_KEYS, page).await?;
            let row = row.ok_or_else(|| crate::sql::corrupt("id"))?;
            let deleted: i64 = get(&row, "deleted")?;
            purged.api_keys += u64::try_from(deleted).unwrap_or(0);
            let Some(last) = get(&row, "last")? else {
                break;
            };
            after = last;
            sleep(begun.elapsed() * REST).await;
        }
        Ok(purged)
    }

    /// Called when a row was added; nobody waits for what it does then, but who
    /// needs this connection next, which is why it is one table at a time.
    pub(super) fn sweep_in_turn(&self, mut lease: Lease) {
        let added = self.added.fetch_add(1, Ordering::Relaxed);
        if !added.is_multiple_of(TURN) {
            return;
        }
        let turn = usize::try_from(added / TURN).unwrap_or(0) % ALL.len();
        let marks = self.marks.clone();
        tokio::spawn(async move {
            let (Some(sql), Some(mark)) = (ALL.get(turn), marks.0.get(turn)) else {
                return;
            };
            let Ok(batch) = delete(&mut lease, sql, mark.load(Ordering::Relaxed)).await else {
                return;
            };
            // From the beginning again when there was little: what was locked is
            // there, and what came late.
            mark.store(batch.next().unwrap_or(0), Ordering::Relaxed);
        });
    }
}

struct Batch {
    deleted: u64,
    last: Option<Timestamp>,
}

impl Batch {
    /// Where the next one begins; `None` if there is nothing more.
    fn next(&self) -> Option<i64> {
        let is_full = i64::try_from(self.deleted).is_ok_and(|deleted| deleted >= BATCH);
        self.last.filter(|_| is_full).map(Timestamp::unix_micros)
    }
}

async fn delete(lease: &mut Lease, sql: &'static str, mark: i64) -> Result<Batch, StoreError> {
    let row = lease.write(sql, |sql| sql.bind(mark)).await?;
    let row = row.ok_or_else(|| crate::sql::corrupt("expires_at"))?;
    let deleted: i64 = get(&row, "deleted")?;
    Ok(Batch {
        deleted: deleted.try_into().unwrap_or(0),
        last: optional_time(&row, "last")?,
    })
}
