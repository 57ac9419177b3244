//! What a caller waits with, and how the queue hears that one left.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use tokio::sync::oneshot;

use crate::password::error::HashError;

/// Whether a caller left since that was last asked.
#[derive(Clone, Default)]
pub(super) struct Departures(Arc<AtomicBool>);

impl Departures {
    /// Asks, and starts anew. Whoever left can be seen to have.
    pub(super) fn take(&self) -> bool {
        self.0.swap(false, Ordering::AcqRel)
    }

    fn add(&self) {
        // Not a store: of two who leave at once both must be seen to have.
        self.0.fetch_or(true, Ordering::Release);
    }
}

/// The answer to what was offered. Dropped before it has come, it is a departure.
pub(super) struct Settled<T> {
    // Dropped first: whom the queue then looks for has left.
    answer: oneshot::Receiver<Result<T, HashError>>,
    leaving: Leaving,
}

impl<T> Settled<T> {
    pub(super) fn new(
        answer: oneshot::Receiver<Result<T, HashError>>,
        departures: &Departures,
    ) -> Self {
        let leaving = Leaving(Some(departures.clone()));
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
struct Leaving(Option<Departures>);

impl Drop for Leaving {
    fn drop(&mut self) {
        if let Some(departures) = &self.0 {
            departures.add();
        }
    }
}
