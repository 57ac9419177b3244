//! Which jobs are let in, and which comes next. No lock, no thread, no clock:
//! whoever holds it brings the time.

use std::time::Duration;

use super::job::Job;
use super::lines::Lines;
use super::stats::PoolStats;
use crate::network::Network;
use crate::password::error::HashError;
use crate::time::{Deadline, Now};

/// Jobs that get nowhere, and what to tell their callers, once the lock is
/// released.
pub(super) type Refused = Vec<(Job, HashError)>;

/// How one turn of a worker ended.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ended {
    /// With a hash, that took so long after such a wait.
    Hashed { took: Duration, waited: Duration },
    /// Without: nobody wanted the answer any more.
    Skipped,
    /// Without: it failed.
    Failed,
}

/// The networks in turn, as far as there is room.
pub(super) struct Queue {
    waiting: Lines<Job>,
    threads: usize,
    bound: usize,
    running: usize,
    average_hash: Duration,
    closed: bool,
    hashed: u64,
    refused: u64,
    skipped: u64,
    waited: Duration,
}

impl Queue {
    /// For `threads` workers, with `bound` jobs waiting at most. `first_guess` is
    /// the average before anything was measured.
    pub(super) fn new(threads: usize, bound: usize, first_guess: Duration) -> Self {
        Self {
            waiting: Lines::new(),
            threads,
            bound,
            running: 0,
            average_hash: first_guess,
            closed: false,
            hashed: 0,
            refused: 0,
            skipped: 0,
            waited: Duration::ZERO,
        }
    }

    /// Lets `job` in, or returns it with the reason. When room is short, stale
    /// jobs go first, since callers that left must not keep others out; then the
    /// last job of the network that has most.
    pub(super) fn offer(&mut self, job: Job, now: Now) -> Refused {
        let mut out = Refused::new();
        if let Err(reason) = self.is_open(job.by, now) {
            self.refuse(job, reason, &mut out);
        } else {
            let before = self.waiting.len();
            if self.ahead(before) > self.bound || !self.fits(before, job.by, now) {
                self.sweep(now, &mut out);
            }
            self.admit(job, now, &mut out);
        }
        out
    }

    /// Keeps a place for a job that will be [offered](Self::offer_kept) or
    /// [given up](Self::release), or says why it would be refused.
    pub(super) fn keep(
        &mut self,
        network: Network,
        by: Deadline,
        now: Now,
    ) -> Result<(), HashError> {
        let may = self.is_open(by, now).and_then(|()| {
            let before = self.waiting.before(network);
            if self.ahead(before) <= self.bound && self.fits(before, by, now) {
                Ok(())
            } else {
                Err(self.overloaded())
            }
        });
        match may {
            Ok(()) => self.waiting.keep(network),
            Err(_) => self.refused += 1,
        }
        may
    }

    /// Gives up a place.
    pub(super) fn release(&mut self, network: Network) {
        self.waiting.release(network);
    }

    /// As [`offer`](Self::offer), for a job that a place is kept for. Others may
    /// have come in the meantime that have less.
    pub(super) fn offer_kept(&mut self, job: Job, now: Now) -> Refused {
        self.release(job.network);
        self.offer(job, now)
    }

    /// The next job; [`ended`](Self::ended) must follow.
    pub(super) fn take(&mut self) -> Option<Job> {
        let job = self.waiting.pop()?;
        self.running += 1;
        Some(job)
    }

    /// A worker is done with the job it took.
    pub(super) fn ended(&mut self, how: Ended) {
        self.running = self.running.saturating_sub(1);
        match how {
            Ended::Hashed { took, waited } => {
                self.hashed += 1;
                self.waited = self.waited.saturating_add(waited);
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
        let mut out = Refused::new();
        for job in self.waiting.drain() {
            self.refuse(job, HashError::ShutDown, &mut out);
        }
        out
    }

    pub(super) const fn is_closed(&self) -> bool {
        self.closed
    }

    pub(super) fn stats(&self) -> PoolStats {
        PoolStats {
            hashed: self.hashed,
            refused: self.refused,
            skipped: self.skipped,
            waited: self.waited,
            queued: self.waiting.waiting(),
            running: self.running,
            average_hash: self.average_hash,
            expected_wait: self.wait_behind(self.waiting.len()),
        }
    }

    /// Two things must hold, or somebody is refused: the job's turn comes by its
    /// deadline, and so does that of the job that is then served last. A network
    /// that alone has filled the queue makes room for the others in this way,
    /// until all have the same.
    fn admit(&mut self, job: Job, now: Now, out: &mut Refused) {
        let network = job.network;
        if !self.fits(self.waiting.before(network), job.by, now) {
            let overloaded = self.overloaded();
            self.refuse(job, overloaded, out);
            return;
        }
        self.waiting.push(network, job);
        while let Some((longest, last)) = self.waiting.longest(network) {
            let before_last = self.waiting.len() - 1;
            if self.ahead(before_last) <= self.bound && self.fits(before_last, last.by, now) {
                return;
            }
            let Some(last) = self.waiting.pop_last(longest) else {
                return;
            };
            let overloaded = self.overloaded();
            self.refuse(last, overloaded, out);
        }
    }

    fn is_open(&self, by: Deadline, now: Now) -> Result<(), HashError> {
        if self.closed {
            Err(HashError::ShutDown)
        } else if by.has_passed(now) {
            Err(HashError::DeadlinePassed)
        } else {
            Ok(())
        }
    }

    /// Whether a job that waits for `before` others starts by its deadline.
    fn fits(&self, before: usize, by: Deadline, now: Now) -> bool {
        self.wait_behind(before) <= by.remaining(now)
    }

    /// How many jobs must end before one that waits for `before` others can
    /// start. An idle worker makes it none, whatever the average says: a pool
    /// that was slow once gets the chance to measure again.
    fn ahead(&self, before: usize) -> usize {
        (before + self.running + 1).saturating_sub(self.threads)
    }

    fn wait_behind(&self, before: usize) -> Duration {
        let ahead = u32::try_from(self.ahead(before)).unwrap_or(u32::MAX);
        let threads = u32::try_from(self.threads).unwrap_or(u32::MAX);
        self.average_hash
            .saturating_mul(ahead)
            .checked_div(threads)
            .unwrap_or(Duration::MAX)
    }

    /// Of the whole queue: to whoever has to come again it matters when it has
    /// drained, and who waits in it is nobody's business.
    fn overloaded(&self) -> HashError {
        HashError::Overloaded {
            retry_after: self.wait_behind(self.waiting.len()),
        }
    }

    fn refuse(&mut self, job: Job, reason: HashError, out: &mut Refused) {
        self.refused += 1;
        out.push((job, reason));
    }

    fn sweep(&mut self, now: Now, out: &mut Refused) {
        let stale = self.waiting.sweep(|job| job.is_stale(now));
        self.skipped += stale.len() as u64;
        out.extend(
            stale
                .into_iter()
                .map(|job| (job, HashError::DeadlinePassed)),
        );
    }
}

/// A hash changes the average by an eighth of the difference.
const SMOOTHING: u32 = 8;
