//! One connection of the pool, for as long as one call needs it.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, Error, Executor, PgConnection, Postgres};
use tokio::time::timeout;

use super::PgStore;
use super::borrowed::Opening;
use super::error::{Intent, failed, is_fatal, is_lost_race, is_taken, silent, unreached};
use crate::error::StoreError;

/// A statement with its parameters.
pub(super) type Statement = Query<'static, Postgres, PgArguments>;

/// An answer that is being waited for.
type Answer<'c, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'c>>;

/// How often in all a read is run whose connection breaks: the second time on
/// another one. A read may always be run again.
const READS: u32 = 2;

/// How often in all a write is run that loses a race (SQLSTATE 40001, 40P01).
const TRIES: u32 = 3;

/// How long a script may take; its own time-outs are shorter.
const SCRIPT: Duration = Duration::from_secs(30);

/// How long a connection that is given back may take to show that it is well.
const RECOVERY: Duration = Duration::from_secs(5);

/// A connection of the pool.
///
/// A statement that was sent is waited for in a task of its own, so that a
/// caller who goes away leaves no connection in the middle of an answer. It
/// runs to its end; none that would have followed it is begun.
#[derive(Debug)]
pub(super) struct Lease {
    /// Elsewhere while a statement runs, and after one broke it.
    connection: Option<Connection>,
    store: PgStore,
}

impl Lease {
    /// A connection. Waiting for one can be given up at any time; nothing has
    /// been asked of it then.
    pub(super) async fn of(store: &PgStore) -> Result<Self, StoreError> {
        Ok(Self {
            connection: Some(connection(store).await?),
            store: store.clone(),
        })
    }

    /// Runs a statement that changes something; its first row, once it is
    /// committed.
    pub(super) async fn write(
        &mut self,
        sql: &'static str,
        bind: impl Fn(Statement) -> Statement + Send,
    ) -> Result<Option<PgRow>, StoreError> {
        let rows = self.write_all(sql, bind).await?;
        Ok(rows.into_iter().next())
    }

    /// The same; all of its rows.
    pub(super) async fn write_all(
        &mut self,
        sql: &'static str,
        bind: impl Fn(Statement) -> Statement + Send,
    ) -> Result<Vec<PgRow>, StoreError> {
        self.write_again(is_lost_race, sql, bind).await
    }

    /// The same, where a row that somebody else has added first is a lost race
    /// too: the statement may win it when it is run again, and sees that row.
    pub(super) async fn write_unique(
        &mut self,
        sql: &'static str,
        bind: impl Fn(Statement) -> Statement + Send,
    ) -> Result<Option<PgRow>, StoreError> {
        let is_lost = |error: &Error| is_lost_race(error) || is_taken(error);
        let rows = self.write_again(is_lost, sql, bind).await?;
        Ok(rows.into_iter().next())
    }

    async fn write_again(
        &mut self,
        is_lost: impl Fn(&Error) -> bool + Send,
        sql: &'static str,
        bind: impl Fn(Statement) -> Statement + Send,
    ) -> Result<Vec<PgRow>, StoreError> {
        let mut tries = 1;
        loop {
            match self.ask(bind(self.statement(sql))).await {
                Err(Failure::Said(error)) if is_lost(&error) && tries < TRIES => tries += 1,
                answer => {
                    return answer.map_err(|failure| failure.of(Intent::Write));
                }
            }
        }
    }

    /// Runs a statement that changes nothing; its first row.
    pub(super) async fn read(
        &mut self,
        sql: &'static str,
        bind: impl Fn(Statement) -> Statement + Send,
    ) -> Result<Option<PgRow>, StoreError> {
        let rows = self.read_all(sql, bind).await?;
        Ok(rows.into_iter().next())
    }

    /// Runs a statement that changes nothing; its rows.
    pub(super) async fn read_all(
        &mut self,
        sql: &'static str,
        bind: impl Fn(Statement) -> Statement + Send,
    ) -> Result<Vec<PgRow>, StoreError> {
        let mut reads = 1;
        loop {
            match self.ask(bind(self.statement(sql))).await {
                Err(Failure::Said(error)) if is_fatal(&error) && reads < READS => {
                    reads += 1;
                    self.connection = Some(connection(&self.store).await?);
                }
                answer => return answer.map_err(|failure| failure.of(Intent::Read)),
            }
        }
    }

    /// All rows, read to the end of the answer: what it says is committed.
    async fn ask(&mut self, statement: Statement) -> Result<Vec<PgRow>, Failure> {
        let opening = self.store.opening.clone();
        self.run(self.store.patience, move |connection| match opening {
            None => connection.fetch_all(statement),
            Some(opening) => {
                Box::pin(async move { Opening::run(&opening, connection, statement).await })
            }
        })
        .await
    }

    /// Runs several statements that begin and end their own transaction, with
    /// `number` in the place of `{n}`.
    pub(super) async fn script(
        &mut self,
        sql: &'static str,
        number: i64,
    ) -> Result<(), StoreError> {
        let sql = self
            .store
            .schema
            .qualify(sql)
            .as_str()
            .replace("{n}", &number.to_string());
        let script = sqlx::raw_sql(AssertSqlSafe(sql));
        let answer = self
            .run(SCRIPT, move |connection| connection.execute(script))
            .await;
        answer.map(drop).map_err(|failure| {
            // The transaction may still be open.
            if let Some(connection) = self.connection.take() {
                connection.close();
            }
            failure.of(Intent::Write)
        })
    }

    fn statement(&self, sql: &'static str) -> Statement {
        sqlx::query(self.store.schema.qualify(sql))
    }

    async fn run<T: Send + 'static>(
        &mut self,
        patience: Duration,
        ask: impl for<'c> FnOnce(&'c mut PgConnection) -> Answer<'c, T> + Send + 'static,
    ) -> Result<T, Failure> {
        let mut connection = self.connection.take().ok_or(Failure::Silence)?;
        let doubts = self.store.doubts.clone();
        let task = tokio::spawn(async move {
            let answer = match &mut connection.0 {
                Some(open) => timeout(patience, ask(open))
                    .await
                    .map_err(|_| Failure::Silence),
                None => Err(Failure::Silence),
            };
            let answer = answer.and_then(|answer| answer.map_err(Failure::Said));
            if answer.as_ref().is_err_and(Failure::is_fatal) {
                doubts.raise();
                connection.close();
                return (answer, None);
            }
            (answer, Some(connection))
        });
        let (answer, connection) = task.await.map_err(|_| Failure::Silence)?;
        self.connection = connection;
        answer
    }
}

async fn connection(store: &PgStore) -> Result<Connection, StoreError> {
    let connection = store.pool.acquire().await.map_err(unreached)?;
    Ok(Connection(Some(connection)))
}

/// Why a statement gave no answer of its own.
enum Failure {
    Said(Error),
    Silence,
}

impl Failure {
    /// Whether what is still on its way could answer the next statement, or
    /// nothing will.
    fn is_fatal(&self) -> bool {
        match self {
            Self::Said(error) => is_fatal(error),
            Self::Silence => true,
        }
    }

    fn of(self, intent: Intent) -> StoreError {
        match self {
            Self::Said(error) => failed(error, intent),
            Self::Silence => silent(intent),
        }
    }
}

/// A connection that goes back to the pool when it is dropped, or is closed.
#[derive(Debug)]
struct Connection(Option<PoolConnection<Postgres>>);

impl Connection {
    fn close(mut self) {
        if let Some(mut connection) = self.0.take() {
            connection.close_on_drop();
        }
    }
}

impl Drop for Connection {
    /// The pool alone would wait for ever for a connection whose network has
    /// gone silent, and be one smaller for that time. What is used here is
    /// hidden in sqlx's documentation; it is what its own `drop` uses.
    fn drop(&mut self) {
        let Some(mut connection) = self.0.take() else {
            return;
        };
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(timeout(RECOVERY, connection.return_to_pool()));
        }
    }
}
