//! Many commands in one write.

use std::pin::Pin;
use std::task::{Context, Poll};

use super::portion::Portion;

/// A connection's driver that waits its turn before it looks what there is to do.
///
/// Whoever sends a command wakes the driver, and tokio runs what was woken last first: it
/// would write that one command, by a call of the system that costs more than the command
/// does here and at the server, while others were about to send theirs. Once woken, it
/// goes to the end of the queue instead. Those who are ready send what they have, and it
/// all goes in one write. When nobody else is ready its turn is at once.
///
/// Nor does it read everything that has come in one turn, but a [portion](Portion): else
/// the server has nothing to do while all who were answered get on, and they have nothing
/// to do while it answers all of them.
pub(super) struct Gathering<F> {
    driver: Pin<Box<F>>,
    /// It has waited, and this is its turn.
    is_due: bool,
    portion: Portion,
}

impl<F: Future> Gathering<F> {
    /// A driver that reads from what was made with the same portion.
    pub(super) fn new(driver: F, portion: Portion) -> Self {
        Self {
            driver: Box::pin(driver),
            is_due: false,
            portion,
        }
    }
}

impl<F: Future> Future for Gathering<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.is_due = !self.is_due;
        if self.is_due {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.portion.begin();
        let polled = self.driver.as_mut().poll(cx);
        // It is at the end of the queue already if there is more to read.
        self.is_due = self.portion.is_used_up();
        polled
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::mpsc;

    use super::*;

    /// How many batches sixteen tasks' messages come in, each sent when its task runs.
    async fn batches(gathers: bool) -> usize {
        let (sender, mut receiver) = mpsc::channel::<u8>(64);
        let batches = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&batches);
        let driver = async move {
            let mut all = Vec::new();
            while receiver.recv_many(&mut all, 64).await > 0 {
                count.fetch_add(1, Ordering::Relaxed);
            }
        };
        let driver = if gathers {
            tokio::spawn(Gathering::new(driver, Portion::new()))
        } else {
            tokio::spawn(driver)
        };
        // It waits for the first message.
        for _ in 0..4 {
            tokio::task::yield_now().await;
        }
        let tasks = (0..16).map(|number| {
            let sender = sender.clone();
            tokio::spawn(async move { sender.send(number).await.unwrap() })
        });
        let tasks: Vec<_> = tasks.collect();
        drop(sender);
        for task in tasks {
            task.await.unwrap();
        }
        driver.await.unwrap();
        batches.load(Ordering::Relaxed)
    }

    #[test]
    fn what_several_tasks_send_goes_together() {
        // On one worker of the scheduler that runs last what was woken first.
        let run = |gathers| {
            let mut builder = tokio::runtime::Builder::new_multi_thread();
            let runtime = builder.worker_threads(1).build().unwrap();
            let all = runtime.spawn(batches(gathers));
            runtime.block_on(all).unwrap()
        };
        let (alone, together) = (run(false), run(true));
        assert!(together <= 2, "{together}");
        assert!(alone > together, "{alone}, without it");
    }
}
