//! Copies of the database that answer look-ups.
//!
//! A replica says how far it has come in the primary's log, not how long ago
//! that was: a clock that it compares with its own says nothing when nothing is
//! written, and nothing true when it has lost its primary. So the primary is
//! asked where its log ends, at a time of ours; a replica that has come as far
//! has everything that was acknowledged before that time. That holds for as long
//! as answers may be old, and is found anew when half of it is over.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgRow};
use sqlx::{Error, Executor, PgPool, Row};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use super::PgStore;
use super::lease::{Lease, Statement};
use super::replica_stats::{Counters, ReplicasStats, Standing};
use super::schema::Schema;
use crate::error::StoreError;

/// After a failure nobody asks it for so long: each that did would wait.
const REST: Duration = Duration::from_secs(1);

const END_OF_LOG: &str =
    "SELECT g.store, pg_current_wal_lsn()::text AS lsn FROM auth.settings g WHERE g.singleton";

/// One that was promoted has a log of its own.
const HAS_COME_TO: &str = "\
    SELECT pg_is_in_recovery() AND g.store = $1 AND pg_last_wal_replay_lsn() >= $2::text::pg_lsn AS has_come \
    FROM auth.settings g WHERE g.singleton";

/// How old answers may be, and how long a replica may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) age: Duration,
    pub(super) patience: Duration,
    pub(super) connections: u32,
}

/// All replicas; they take turns.
#[derive(Clone, Debug)]
pub(super) struct Replicas {
    all: Arc<[Replica]>,
    next: Arc<AtomicUsize>,
    limits: Limits,
    fell_back: Arc<AtomicU64>,
}

#[derive(Debug)]
struct Replica {
    pool: PgPool,
    state: Mutex<State>,
    counters: Counters,
}

#[derive(Debug, Default)]
struct State {
    /// It has everything that was acknowledged before then.
    caught_up: Option<Instant>,
    /// Where the primary's log ended, and when that was asked.
    mark: Option<Mark>,
    /// It failed; not before then again.
    rests_until: Option<Instant>,
}

#[derive(Clone, Debug)]
struct Mark {
    asked: Instant,
    store: Uuid,
    lsn: String,
}

impl Replicas {
    pub(super) fn open(of: Vec<PgConnectOptions>, limits: Limits) -> Self {
        let replica = |options| Replica {
            pool: PgPoolOptions::new()
                .max_connections(limits.connections)
                .acquire_timeout(limits.patience)
                .connect_lazy_with(options),
            state: Mutex::default(),
            counters: Counters::default(),
        };
        Self {
            all: of.into_iter().map(replica).collect(),
            next: Arc::default(),
            limits,
            fell_back: Arc::default(),
        }
    }

    pub(super) fn stats(&self) -> ReplicasStats {
        // Relaxed: they are read by people.
        let look_ups = self.next.load(Ordering::Relaxed);
        ReplicasStats {
            look_ups: look_ups.try_into().unwrap_or(u64::MAX),
            fell_back: self.fell_back.load(Ordering::Relaxed),
            replicas: self.all.iter().map(|it| it.counters.read()).collect(),
        }
    }

    pub(super) async fn close(&self) {
        for replica in &*self.all {
            replica.pool.close().await;
        }
    }

    /// The rows, from a replica that is recent enough; `None` if there is none
    /// that answers in time.
    pub(super) async fn read_all(
        &self,
        store: &PgStore,
        sql: &'static str,
        bind: impl Fn(Statement) -> Statement + Send,
    ) -> Option<Vec<PgRow>> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        for n in 0..self.all.len() {
            let replica = &self.all[turn.wrapping_add(n) % self.all.len()];
            let standing = replica.standing(store, self.limits).await;
            if standing == Standing::Recent {
                let statement = bind(sqlx::query(store.schema.qualify(sql)));
                if let Some(rows) = replica.ask(self.limits, statement).await {
                    replica.counters.answered();
                    return Some(rows);
                }
            }
            replica.counters.passed_over(standing);
        }
        self.fell_back.fetch_add(1, Ordering::Relaxed);
        None
    }
}

impl Replica {
    /// Whether its answers are no older than they may be, and why not.
    async fn standing(&self, store: &PgStore, limits: Limits) -> Standing {
        // One at a time finds out; the others have its answer.
        let mut state = self.state.lock().await;
        let now = Instant::now();
        if state.rests_until.is_some_and(|until| now < until) {
            return Standing::Resting;
        }
        let age = |since: Instant| now.saturating_duration_since(since);
        if state
            .caught_up
            .is_some_and(|since| age(since) < limits.age / 2)
        {
            return Standing::Recent;
        }
        // A mark is of use for as long as it can still show something.
        if state
            .mark
            .as_ref()
            .is_none_or(|mark| age(mark.asked) >= limits.age)
        {
            let asked = timeout(limits.patience, end_of_log(store)).await;
            state.mark = asked.ok().and_then(Result::ok);
        }
        let has_come = match state.mark.clone() {
            Some(mark) => self.has_come_to(&store.schema, limits, &mark).await,
            None => None,
        };
        if let Some(mark) = state.mark.take_if(|_| has_come == Some(true)) {
            state.caught_up = Some(mark.asked);
            self.counters.caught_up(mark.asked);
        }
        let is_recent = |since: Instant| since.elapsed() < limits.age;
        let is_recent = state.caught_up.is_some_and(is_recent);
        // Those who wait here need not each wait for what does not answer.
        state.rests_until = (has_come.is_none() && !is_recent).then(|| Instant::now() + REST);
        match (is_recent, has_come) {
            (true, _) => Standing::Recent,
            (false, Some(_)) => Standing::Behind,
            (false, None) => Standing::Failed,
        }
    }

    async fn has_come_to(&self, schema: &Schema, limits: Limits, mark: &Mark) -> Option<bool> {
        let statement = sqlx::query(schema.qualify(HAS_COME_TO))
            .bind(mark.store)
            .bind(mark.lsn.clone());
        let rows = self.ask(limits, statement).await?;
        // A null says that it replays nothing.
        let has_come = |row: &PgRow| row.try_get::<Option<bool>, _>("has_come");
        Some(
            rows.first()
                .is_some_and(|row| matches!(has_come(row), Ok(Some(true)))),
        )
    }

    /// `None` if it fails, or takes too long. The statement runs in a task of
    /// its own: whoever gives up leaves no connection in the middle of an answer.
    async fn ask(&self, limits: Limits, statement: Statement) -> Option<Vec<PgRow>> {
        let pool = self.pool.clone();
        let asking = tokio::spawn(async move {
            let asked = async {
                let mut connection = pool.acquire().await?;
                let rows = timeout(limits.patience, connection.fetch_all(statement)).await;
                if !matches!(rows, Ok(Ok(_))) {
                    connection.close_on_drop();
                }
                rows.map_err(|_| Error::PoolTimedOut)?
            };
            asked.await
        });
        match timeout(limits.patience, asking).await {
            Ok(Ok(Ok(rows))) => Some(rows),
            _ => None,
        }
    }
}

async fn end_of_log(store: &PgStore) -> Result<Mark, StoreError> {
    let asked = Instant::now();
    let row = Lease::of(store).await?.read(END_OF_LOG, |sql| sql).await?;
    let row = row.ok_or_else(|| crate::sql::corrupt("store"))?;
    Ok(Mark {
        asked,
        store: super::row::get(&row, "store")?,
        lsn: super::row::get(&row, "lsn")?,
    })
}
