//! What a caller waits with.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::sync::oneshot;

use super::shared::Shared;
use crate::password::error::HashError;

/// The answer to what was offered. Dropped before it has come, it says that its
/// caller left.
pub(super) struct Settled<T> {
    // Dropped first: whom the queue then looks for has left.
    answer: oneshot::Receiver<Result<T, HashError>>,
    leaving: Leaving,
}

impl<T> Settled<T> {
    pub(super) fn new(
        answer: oneshot::Receiver<Result<T, HashError>>,
        shared: &Arc<Shared>,
    ) -> Self {
        let leaving = Leaving(Some(Arc::clone(shared)));
        Self { answer, leaving }
    }
}

impl<T> Future for Settled<T> {
    type Output = Result<T, HashError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = ready!(Pin::new(&mut self.answer).poll(cx));
        self.leaving.0 = None;
        // Jobs are answered or refused; one that is dropped was lost to a panic.
        Poll::Ready(answer.unwrap_or(Err(HashError::Lost)))
    }
}

/// `None` once there is nothing to leave.
struct Leaving(Option<Arc<Shared>>);

impl Drop for Leaving {
    fn drop(&mut self) {
        if let Some(shared) = &self.0 {
            shared.somebody_left();
        }
    }
}
