//! What the callers and the workers share.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::job::Job;
use super::queue::{Ended, Queue, Refused};
use crate::clock::Clock;
use crate::time::Now;

/// The queue under its lock, which is held to move a job and never while one is
/// hashed, answered or wiped.
pub(super) struct Shared {
    queue: Mutex<Queue>,
    ready: Condvar,
    pub(super) clock: Arc<dyn Clock>,
}

impl Shared {
    pub(super) const fn new(queue: Queue, clock: Arc<dyn Clock>) -> Self {
        Self {
            queue: Mutex::new(queue),
            ready: Condvar::new(),
            clock,
        }
    }

    /// Queues `job`, or tells its caller why not.
    pub(super) fn offer(&self, job: Job, now: Now) {
        let refused = self.queue().offer(job, now);
        self.ready.notify_one();
        refuse(refused);
    }

    /// Queues `job` at the place that is kept for it, or tells its caller why
    /// not.
    pub(super) fn offer_kept(&self, job: Job, now: Now) {
        let refused = self.queue().offer_kept(job, now);
        self.ready.notify_one();
        refuse(refused);
    }

    /// The next job, if one waits.
    pub(super) fn try_take(&self) -> Option<(Job, Turn<'_>)> {
        let job = self.queue().take()?;
        Some(self.turn(job))
    }

    /// Waits for a job; `None` once the queue is closed.
    pub(super) fn take(&self) -> Option<(Job, Turn<'_>)> {
        let mut queue = self.queue();
        while !queue.is_closed() {
            if let Some(job) = queue.take() {
                return Some(self.turn(job));
            }
            queue = self
                .ready
                .wait(queue)
                .unwrap_or_else(PoisonError::into_inner);
        }
        None
    }

    fn turn(&self, job: Job) -> (Job, Turn<'_>) {
        let turn = Turn {
            shared: self,
            ended: Ended::Failed,
        };
        (job, turn)
    }

    /// Refuses what is queued and what comes, and lets the workers end.
    pub(super) fn close(&self) {
        let refused = self.queue().close();
        self.ready.notify_all();
        refuse(refused);
    }

    pub(super) fn queue(&self) -> MutexGuard<'_, Queue> {
        // No code under the lock can panic halfway through a change.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A worker's turn, from taking a job to its end. Dropped early, by a panic, it
/// counts as failed.
pub(super) struct Turn<'a> {
    shared: &'a Shared,
    ended: Ended,
}

impl Turn<'_> {
    pub(super) fn end(mut self, how: Ended) {
        self.ended = how;
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.shared.queue().ended(self.ended);
    }
}

fn refuse(refused: Refused) {
    for (job, reason) in refused {
        job.refuse(reason);
    }
}
