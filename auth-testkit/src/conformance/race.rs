//! Doing things at once.

use std::panic::resume_unwind;
use std::sync::Arc;

use tokio::sync::Barrier;
use tokio::task::JoinHandle;

/// Runs `count` tasks that start together; their results, in order.
pub(super) async fn at_once<F>(count: usize, task: impl Fn(usize) -> F) -> Vec<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    let gate = Arc::new(Barrier::new(count));
    let tasks: Vec<_> = (0..count).map(|turn| gated(&gate, task(turn))).collect();
    let mut results = Vec::with_capacity(count);
    for task in tasks {
        results.push(joined(task).await);
    }
    results
}

/// Runs two different tasks that start together.
pub(super) async fn both<A, B>(a: A, b: B) -> (A::Output, B::Output)
where
    A: Future<Output: Send> + Send + 'static,
    B: Future<Output: Send> + Send + 'static,
{
    let gate = Arc::new(Barrier::new(2));
    let (a, b) = (gated(&gate, a), gated(&gate, b));
    (joined(a).await, joined(b).await)
}

/// Lets others go first: by turns not at all, a little, and longer, so that
/// over some rounds two tasks meet in every order.
pub(super) async fn a_while(turn: usize) {
    for _ in 0..(turn % 8).pow(2) {
        tokio::task::yield_now().await;
    }
}

fn gated<F>(gate: &Arc<Barrier>, task: F) -> JoinHandle<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    let gate = gate.clone();
    tokio::spawn(async move {
        gate.wait().await;
        task.await
    })
}

async fn joined<T>(task: JoinHandle<T>) -> T {
    task.await
        .unwrap_or_else(|error| resume_unwind(error.into_panic()))
}
