//! Statements on a connection that is not ours alone: of a pool that the
//! application hands in, or behind a pooler that lends a connection for one
//! transaction at a time.
//!
//! Nothing can be relied on that was set on such a connection before, and
//! nothing may be left on it. So each statement gets a transaction of its own,
//! which begins with all that ours are opened with, and leaves none of it
//! behind. A statement is not remembered by name either: behind a pooler the
//! name may be on another connection.

use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, Error, Executor, PgConnection};

use super::lease::Statement;

/// How a transaction begins.
///
/// A transaction that somebody has left open would take our change for its own,
/// and the change would not be committed when we say so: two clocks that are one
/// at the beginning of a transaction tell. After a failover the same name may be
/// a standby.
#[derive(Clone, Debug)]
pub(super) struct Opening(Arc<str>);

impl Opening {
    pub(super) fn new(
        statement: Duration,
        lock: Duration,
        idle: Duration,
        asynchronous_commit: bool,
    ) -> Self {
        let durable = if asynchronous_commit {
            ""
        } else {
            "IF current_setting('synchronous_commit') = 'off' THEN \
                 RAISE 'synchronous_commit is off' USING ERRCODE = '55000'; END IF; "
        };
        let limit = |timeout: Duration| timeout.as_millis().max(1);
        Self(
            format!(
                "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; \
                 DO $$ BEGIN \
                     IF transaction_timestamp() <> statement_timestamp() THEN \
                         RAISE 'somebody left a transaction open' USING ERRCODE = '25001'; END IF; \
                     IF pg_is_in_recovery() THEN RAISE 'a standby' USING ERRCODE = '25006'; END IF; \
                     {durable}END $$; \
                 SET LOCAL statement_timeout = {}; SET LOCAL lock_timeout = {}; \
                 SET LOCAL idle_in_transaction_session_timeout = {}; SET LOCAL jit = off",
                limit(statement),
                limit(lock),
                limit(idle)
            )
            .into(),
        )
    }

    /// The rows of `statement`, once it is committed.
    pub(super) async fn run(
        &self,
        connection: &mut PgConnection,
        statement: Statement,
    ) -> Result<Vec<PgRow>, Error> {
        let mut opened = self.open(connection).await;
        if opened.as_ref().is_err_and(is_left_over) {
            // Nobody will commit it any more: its owner has given it back.
            sqlx::raw_sql(ROLLBACK).execute(&mut *connection).await?;
            opened = self.open(connection).await;
        }
        let answer = match opened {
            Ok(()) => {
                let statement = statement.persistent(false);
                (&mut *connection).fetch_all(statement).await
            }
            Err(error) => Err(error),
        };
        let end = if answer.is_ok() { "COMMIT" } else { ROLLBACK };
        // A connection that cannot even be rolled back is of no more use; its
        // failure says so, and says less of what was done than the first.
        sqlx::raw_sql(end).execute(connection).await?;
        answer
    }

    async fn open(&self, connection: &mut PgConnection) -> Result<(), Error> {
        let opening = sqlx::raw_sql(AssertSqlSafe(self.0.to_string()));
        connection.execute(opening).await.map(drop)
    }
}

const ROLLBACK: &str = "ROLLBACK";

/// Whether there is a transaction already, or the rest of one that failed.
fn is_left_over(error: &Error) -> bool {
    let refusal = error.as_database_error();
    let code = refusal.and_then(sqlx::error::DatabaseError::code);
    matches!(code.as_deref(), Some("25001" | "25P02"))
}
