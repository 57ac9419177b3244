//! What the callers and the workers share.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::job::Job;
use super::place::Place;
use super::queue::{Ended, News, Queue};
use super::settled::Departures;
use super::waiter::Waiter;
use crate::clock::Clock;
use crate::time::Now;

/// The queue under its lock, which is held to move a job and never while one is
/// hashed, answered or wiped.
pub(super) struct Shared {
    queue: Mutex<Queue>,
    ready: Condvar,
    pub(super) departures: Departures,
    pub(super) clock: Arc<dyn Clock>,
}

impl Shared {
    pub(super) fn new(queue: Queue, clock: Arc<dyn Clock>) -> Self {
        Self {
            departures: queue.departures().clone(),
            queue: Mutex::new(queue),
            ready: Condvar::new(),
            clock,
        }
    }

    /// Queues `waiter`, or tells it why not.
    pub(super) fn offer(self: &Arc<Self>, waiter: Waiter, now: Now) {
        let mut queue = self.queue();
        let news = queue.offer(waiter, now);
        self.wake(queue);
        self.tell(news);
    }

    /// Takes the job of one who was called to this place, or tells its caller why
    /// not.
    pub(super) fn bring(self: &Arc<Self>, place: u64, job: Job, now: Now) {
        let mut queue = self.queue();
        let news = queue.bring(place, job, now);
        self.wake(queue);
        self.tell(news);
    }

    /// One who was called to this place does not come.
    pub(super) fn give_up(self: &Arc<Self>, place: u64) {
        let now = self.clock.now();
        let mut queue = self.queue();
        let news = queue.give_up(place, now);
        // What came to the front instead may be a job.
        self.wake(queue);
        self.tell(news);
    }

    /// Wakes a worker if one may sleep: those that hash look at the queue before they
    /// do, and waking nobody is a system call for each that comes with a flood.
    fn wake(&self, queue: MutexGuard<'_, Queue>) {
        let is_one_idle = queue.is_one_idle();
        drop(queue);
        if is_one_idle {
            self.ready.notify_one();
        }
    }

    /// The next job, if one waits.
    pub(super) fn try_take(self: &Arc<Self>) -> Option<(Job, Turn<'_>)> {
        let now = self.clock.now();
        let (job, news) = self.queue().take(now);
        let turn = job.map(|job| self.turn(job));
        self.tell(news);
        turn
    }

    /// Waits for a job; `None` once the queue is closed.
    pub(super) fn take(self: &Arc<Self>) -> Option<(Job, Turn<'_>)> {
        let mut queue = self.queue();
        while !queue.is_closed() {
            let (job, news) = queue.take(self.clock.now());
            if let Some(job) = job {
                drop(queue);
                let turn = self.turn(job);
                self.tell(news);
                return Some(turn);
            }
            queue = self
                .ready
                .wait(queue)
                .unwrap_or_else(PoisonError::into_inner);
        }
        None
    }

    fn turn(self: &Arc<Self>, job: Job) -> (Job, Turn<'_>) {
        let turn = Turn {
            shared: self,
            ended: Ended::Failed,
        };
        (job, turn)
    }

    /// Refuses what is queued and what comes, and lets the workers end.
    pub(super) fn close(self: &Arc<Self>) {
        let news = self.queue().close();
        self.ready.notify_all();
        self.tell(news);
    }

    /// Outside of the lock: a place that nobody takes is given up, under it. A
    /// caller's waker that panics keeps nobody else from hearing.
    fn tell(self: &Arc<Self>, news: News) {
        for (waiter, reason) in news.refused {
            let _ = catch_unwind(AssertUnwindSafe(|| waiter.refuse(reason)));
        }
        for (caller, number) in news.called {
            let place = Place::new(Arc::clone(self), number, caller.network, caller.by);
            let _ = catch_unwind(AssertUnwindSafe(|| caller.call.send(Ok(place))));
        }
    }

    pub(super) fn queue(&self) -> MutexGuard<'_, Queue> {
        // No code under the lock can panic halfway through a change.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A worker's turn, from taking a job to its end. Dropped early, by a panic, it
/// counts as failed.
pub(super) struct Turn<'a> {
    shared: &'a Arc<Shared>,
    ended: Ended,
}

impl Turn<'_> {
    pub(super) fn end(mut self, how: Ended) {
        self.ended = how;
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let now = || self.shared.clock.now();
        let news = self.shared.queue().ended(self.ended, now);
        self.shared.tell(news);
    }
}
