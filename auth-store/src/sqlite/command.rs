//! What waits for the writer, and how it is answered.

use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::oneshot;

use super::error::kind;
use super::writer::Tx;
use crate::error::{StoreError, StoreErrorKind};

/// What a command does, to be awaited.
pub(super) type Work<'t, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 't>>;

/// Running a command: whether it failed, and how.
type Run<'t> = Pin<Box<dyn Future<Output = Result<(), StoreErrorKind>> + Send + 't>>;

/// A command that waits for the writer.
pub(super) trait Command: Send {
    /// Whether somebody waits for its answer.
    fn is_awaited(&self) -> bool;

    /// Runs it and keeps its outcome; on failure says of which kind.
    fn run<'t>(&'t mut self, tx: &'t mut Tx) -> Run<'t>;

    /// Answers its caller, once it is known how the transaction ended.
    fn answer(self: Box<Self>, failure: Option<&Failure>);
}

/// A command with its caller.
pub(super) struct Pending<T, F> {
    work: Option<F>,
    outcome: Option<Result<T, StoreError>>,
    caller: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Pending<T, F> {
    pub(super) fn new(work: F, caller: oneshot::Sender<Result<T, StoreError>>) -> Self {
        Self {
            work: Some(work),
            outcome: None,
            caller,
        }
    }
}

impl<T, F> Command for Pending<T, F>
where
    T: Send,
    F: for<'t> FnOnce(&'t mut Tx) -> Work<'t, T> + Send,
{
    fn is_awaited(&self) -> bool {
        !self.caller.is_closed()
    }

    fn run<'t>(&'t mut self, tx: &'t mut Tx) -> Run<'t> {
        Box::pin(async move {
            let Some(work) = self.work.take() else {
                return Ok(());
            };
            let outcome = work(tx).await;
            let verdict = outcome.as_ref().map(drop).map_err(StoreError::kind);
            self.outcome = Some(outcome);
            verdict
        })
    }

    fn answer(self: Box<Self>, failure: Option<&Failure>) {
        let answer = match (self.outcome, failure) {
            (Some(Err(own)), _) => Err(own),
            (_, Some(failure)) => Err(StoreError::new(failure.kind, Arc::clone(&failure.source))),
            (Some(Ok(value)), None) => Ok(value),
            (None, None) => Err(StoreErrorKind::Other.into()),
        };
        // A caller that has gone is not an error: the change is committed.
        let _ = self.caller.send(answer);
    }
}

/// Answers all callers of a transaction.
pub(super) fn answer_all(
    commands: impl IntoIterator<Item = Box<dyn Command>>,
    failure: Option<&Failure>,
) {
    for command in commands {
        command.answer(failure);
    }
}

/// Why a transaction failed, told to each of its commands.
#[derive(Debug)]
pub(super) struct Failure {
    kind: StoreErrorKind,
    source: Arc<sqlx::Error>,
}

impl Failure {
    pub(super) fn new(kind: StoreErrorKind, source: sqlx::Error) -> Self {
        Self {
            kind,
            source: Arc::new(source),
        }
    }

    pub(super) fn statement(source: sqlx::Error) -> Self {
        Self::new(kind(&source), source)
    }
}
