//! Which jobs are let in, and which comes next. No lock, no thread, no clock:
//! whoever holds it brings the time.

use std::collections::VecDeque;
use std::time::Duration;

use super::job::Job;
use crate::password::error::HashError;
use crate::time::Now;

/// What a [`HashPool`](super::HashPool) has done and has to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolStats {
    /// Hashes that were computed, dummies among them.
    pub hashed: u64,
    /// Jobs that were turned away at once, or by the shutdown.
    pub refused: u64,
    /// Jobs that were queued and never hashed, because the caller had gone or
    /// the deadline had passed.
    pub skipped: u64,
    /// Jobs that wait.
    pub queued: usize,
    /// Jobs that are being hashed.
    pub running: usize,
    /// The moving average of the time that a hash takes.
    pub average_hash: Duration,
    /// How long a job that comes now is expected to wait.
    pub expected_wait: Duration,
}

/// Jobs that get nowhere, and what to tell their callers, once the lock is
/// released.
pub(super) type Refused = Vec<(Job, HashError)>;

/// How one turn of a worker ended.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ended {
    /// With a hash, after so long.
    Hashed(Duration),
    /// Without: nobody wanted the answer any more.
    Skipped,
    /// Without: it failed.
    Failed,
}

/// First come, first served, as far as there is room.
pub(super) struct Queue {
    waiting: VecDeque<Job>,
    threads: usize,
    bound: usize,
    running: usize,
    average_hash: Duration,
    closed: bool,
    hashed: u64,
    refused: u64,
    skipped: u64,
}

impl Queue {
    /// For `threads` workers, with `bound` jobs waiting at most. `first_guess` is
    /// the average before anything was measured.
    pub(super) fn new(threads: usize, bound: usize, first_guess: Duration) -> Self {
        Self {
            waiting: VecDeque::new(),
            threads,
            bound,
            running: 0,
            average_hash: first_guess,
            closed: false,
            hashed: 0,
            refused: 0,
            skipped: 0,
        }
    }

    /// Lets `job` in, or returns it with the reason. Stale jobs go first when
    /// room is short: callers that left must not keep others out.
    pub(super) fn offer(&mut self, job: Job, now: Now) -> Refused {
        let mut out = Refused::new();
        let reason = if self.closed {
            HashError::ShutDown
        } else if job.by.has_passed(now) {
            HashError::DeadlinePassed
        } else {
            if !self.has_room(&job, now) {
                self.sweep(now, &mut out);
            }
            if self.has_room(&job, now) {
                self.waiting.push_back(job);
                return out;
            }
            HashError::Overloaded {
                retry_after: self.expected_wait(),
            }
        };
        self.refused += 1;
        out.push((job, reason));
        out
    }

    /// The next job; [`ended`](Self::ended) must follow.
    pub(super) fn take(&mut self) -> Option<Job> {
        let job = self.waiting.pop_front()?;
        self.running += 1;
        Some(job)
    }

    /// A worker is done with the job it took.
    pub(super) fn ended(&mut self, how: Ended) {
        self.running = self.running.saturating_sub(1);
        match how {
            Ended::Hashed(took) => {
                self.hashed += 1;
                self.average_hash = self
                    .average_hash
                    .saturating_mul(SMOOTHING - 1)
                    .saturating_add(took)
                    / SMOOTHING;
            }
            Ended::Skipped => self.skipped += 1,
            Ended::Failed => {}
        }
    }

    /// Lets nothing in any more, and gives up what waits.
    pub(super) fn close(&mut self) -> Refused {
        self.closed = true;
        self.refused += self.waiting.len() as u64;
        self.waiting
            .drain(..)
            .map(|job| (job, HashError::ShutDown))
            .collect()
    }

    pub(super) const fn is_closed(&self) -> bool {
        self.closed
    }

    pub(super) fn stats(&self) -> PoolStats {
        PoolStats {
            hashed: self.hashed,
            refused: self.refused,
            skipped: self.skipped,
            queued: self.waiting.len(),
            running: self.running,
            average_hash: self.average_hash,
            expected_wait: self.expected_wait(),
        }
    }

    fn has_room(&self, job: &Job, now: Now) -> bool {
        self.ahead() <= self.bound && self.expected_wait() <= job.by.remaining(now)
    }

    /// How many jobs must end before a job that comes now can start. An idle
    /// worker makes it none, whatever the average says: a pool that was slow once
    /// gets the chance to measure again.
    fn ahead(&self) -> usize {
        (self.waiting.len() + self.running + 1).saturating_sub(self.threads)
    }

    fn expected_wait(&self) -> Duration {
        let ahead = u32::try_from(self.ahead()).unwrap_or(u32::MAX);
        let threads = u32::try_from(self.threads).unwrap_or(u32::MAX);
        self.average_hash
            .saturating_mul(ahead)
            .checked_div(threads)
            .unwrap_or(Duration::MAX)
    }

    fn sweep(&mut self, now: Now, out: &mut Refused) {
        // Once round, in place: what stays keeps its order.
        for _ in 0..self.waiting.len() {
            let Some(job) = self.waiting.pop_front() else {
                break;
            };
            if job.is_stale(now) {
                self.skipped += 1;
                out.push((job, HashError::DeadlinePassed));
            } else {
                self.waiting.push_back(job);
            }
        }
    }
}

/// A hash changes the average by an eighth of the difference.
const SMOOTHING: u32 = 8;
