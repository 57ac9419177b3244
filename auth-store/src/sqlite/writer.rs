//! The one writer.
//!
//! Commands wait in a queue. One task at a time, which no caller can cancel,
//! runs all that wait in one transaction, and so with one sync of the disk,
//! each in its own savepoint. Nobody is answered before the commit.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use auth_core::{Clock, FlooredClock, Timestamp};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, SqliteConnection};
use tokio::sync::oneshot;

use super::changes::Changes;
use super::command::{Command, Failure, Pending, Work, answer_all};
use super::error::commit_kind;
use super::file::Claim;
use crate::error::{StoreError, StoreErrorKind};

/// The most commands that one transaction carries.
const BATCH: usize = 64;

/// A write transaction, as a command sees it.
#[derive(Debug)]
pub(super) struct Tx {
    /// The connection that holds the write lock.
    pub(super) connection: SqliteConnection,
    /// The store's clock, read under the write lock.
    pub(super) now: Timestamp,
    /// To be marked by what changes users, tenants or API keys.
    pub(super) changes: Arc<Changes>,
}

/// The one connection that writes.
pub(super) struct Writer {
    state: Mutex<State>,
    options: SqliteConnectOptions,
    clock: FlooredClock,
    pub(super) changes: Arc<Changes>,
    // Last: freed only when nothing of ours can write any more.
    claim: Claim,
}

struct State {
    waiting: VecDeque<Box<dyn Command>>,
    /// Absent while a task uses it, and after one died with it.
    connection: Option<SqliteConnection>,
    running: bool,
}

impl Writer {
    pub(super) fn new(
        connection: SqliteConnection,
        options: SqliteConnectOptions,
        clock: FlooredClock,
        claim: Claim,
    ) -> Self {
        let state = State {
            waiting: VecDeque::new(),
            connection: Some(connection),
            running: false,
        };
        Self {
            state: Mutex::new(state),
            options,
            clock,
            changes: Arc::default(),
            claim,
        }
    }

    /// The store's clock. It never goes back.
    pub(super) fn now(&self) -> Timestamp {
        let now = self.clock.now().wall;
        self.clock.observe(now);
        now
    }

    /// Runs `work` under the write lock and answers when it is committed.
    ///
    /// # Errors
    /// What `work` failed with, in which case nothing of it is kept; or the
    /// failure of the transaction.
    pub(super) async fn write<T, F>(self: &Arc<Self>, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t mut Tx) -> Work<'t, T> + Send + 'static,
    {
        let (caller, answer) = oneshot::channel();
        if let Some(run) = self.enqueue(Box::new(Pending::new(work, caller))) {
            tokio::spawn(run.finish());
        }
        // Dropped unanswered: the runtime is ending, perhaps after the commit.
        answer
            .await
            .unwrap_or_else(|_| Err(StoreErrorKind::OutcomeUnknown.into()))
    }

    /// The run that is to be started if there is none.
    fn enqueue(self: &Arc<Self>, command: Box<dyn Command>) -> Option<Run> {
        let mut state = self.state();
        state.waiting.push_back(command);
        let idle = !std::mem::replace(&mut state.running, true);
        idle.then(|| Run {
            writer: Arc::clone(self),
            over: false,
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn transact(
        &self,
        connection: Option<SqliteConnection>,
        commands: &mut [Box<dyn Command>],
    ) -> Result<SqliteConnection, Failure> {
        let connection = match connection {
            Some(open) => open,
            None => self.options.connect().await.map_err(Failure::statement)?,
        };
        let mut tx = Tx {
            connection,
            now: self.now(),
            changes: Arc::clone(&self.changes),
        };
        // Not by sqlx's `Transaction`: after SQLite has rolled back by itself,
        // as it does when the disk is full, that one counts a level for ever.
        tx.execute("BEGIN IMMEDIATE; SAVEPOINT command")
            .await
            .map_err(Failure::statement)?;
        for command in commands {
            tx.now = self.now();
            match command.run(&mut tx).await {
                Ok(()) => tx
                    .execute("RELEASE command; SAVEPOINT command")
                    .await
                    .map_err(Failure::statement)?,
                // Fails when SQLite has rolled back everything by itself.
                Err(kind) => tx
                    .execute("ROLLBACK TO command")
                    .await
                    .map_err(|error| Failure::new(kind, error))?,
            }
        }
        tx.execute("COMMIT")
            .await
            .map_err(|error| Failure::new(commit_kind(&error), error))?;
        Ok(tx.connection)
    }
}

/// The task that runs what waits, until nothing does.
struct Run {
    writer: Arc<Writer>,
    over: bool,
}

impl Run {
    async fn finish(mut self) {
        loop {
            let (connection, mut commands) = self.next();
            // The connection is ours alone meanwhile: whatever ends this task
            // half-way drops it, which rolls back; the next run opens another.
            let result = self.writer.transact(connection, &mut commands).await;
            // Before anybody is answered.
            self.writer.changes.settle();
            let (connection, failure) = match result {
                Ok(connection) => (Some(connection), None),
                Err(failure) => (None, Some(failure)),
            };
            let mut state = self.writer.state();
            state.connection = connection;
            if state.waiting.is_empty() {
                state.running = false;
                drop(state);
                self.over = true;
                // First let go of the file: who is answered may drop the store
                // and open it again at once.
                drop(self);
                return answer_all(commands, failure.as_ref());
            }
            drop(state);
            answer_all(commands, failure.as_ref());
        }
    }

    /// The connection, and what waits, without what nobody waits for any more.
    fn next(&self) -> (Option<SqliteConnection>, Vec<Box<dyn Command>>) {
        let mut state = self.writer.state();
        let batch = state.waiting.len().min(BATCH);
        let commands = state
            .waiting
            .drain(..batch)
            .filter(|command| command.is_awaited())
            .collect();
        (state.connection.take(), commands)
    }
}

impl Drop for Run {
    /// When the task dies half-way, its runtime is ending or a command has
    /// panicked. What waits has not been begun; the next command starts
    /// another run.
    fn drop(&mut self) {
        if !self.over {
            self.writer.changes.settle();
            let mut state = self.writer.state();
            state.running = false;
            let waiting = std::mem::take(&mut state.waiting);
            drop(state);
            let failure = Failure::statement(sqlx::Error::WorkerCrashed);
            answer_all(waiting, Some(&failure));
        }
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer")
            .field("path", &self.claim.path())
            .finish_non_exhaustive()
    }
}

impl Tx {
    async fn execute(&mut self, sql: &'static str) -> Result<(), sqlx::Error> {
        sqlx::query(sql)
            .execute(&mut self.connection)
            .await
            .map(drop)
    }
}
