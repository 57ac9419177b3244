//! Which jobs are let in, and which comes next. No lock, no thread, no clock:
//! whoever holds it brings the time.

use std::time::Duration;

use super::average::Average;
use super::front::Front;
use super::job::Job;
use super::lines::Lines;
use super::settled::Departures;
use super::stats::PoolStats;
use super::waiter::{Caller, Waiter};
use crate::network::Network;
use crate::password::error::HashError;
use crate::time::{Deadline, Now};

/// How many hashes the average is of: one that took three times as long, as on a
/// processor that others need too, must not turn away those who wait.
const HASHES: u32 = 32;

/// What is to be told once the lock is released.
#[derive(Default)]
#[must_use = "somebody waits to be told"]
pub(super) struct News {
    /// Those who get nowhere, and why.
    pub(super) refused: Vec<(Waiter, HashError)>,
    /// Those who are to bring their jobs, with the number of their place.
    pub(super) called: Vec<(Caller, u64)>,
}

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

/// Two stages. In the lines, networks are equal, and who has more gives way to
/// who has less. From there they move to the front, in turn and a few at a time,
/// as callers are called to look up what their jobs need: a flood that is still
/// in the lines costs nobody else anything.
pub(super) struct Queue {
    lines: Lines<Waiter>,
    callers: usize,
    front: Front,
    threads: usize,
    bound: usize,
    running: usize,
    hash: Average,
    departures: Departures,
    /// No deadline in the lines is before it.
    first_deadline: Option<Deadline>,
    closed: bool,
    hashed: u64,
    refused: u64,
    skipped: u64,
    waited: Duration,
}

impl Queue {
    /// For `threads` workers, with `bound` waiting at most. `first_guess` is the
    /// average before anything was measured.
    pub(super) fn new(threads: usize, bound: usize, first_guess: Duration) -> Self {
        Self {
            lines: Lines::new(),
            callers: 0,
            front: Front::new(),
            threads,
            bound,
            running: 0,
            hash: Average::over(HASHES, first_guess),
            departures: Departures::default(),
            first_deadline: None,
            closed: false,
            hashed: 0,
            refused: 0,
            skipped: 0,
            waited: Duration::ZERO,
        }
    }

    /// Lets `waiter` in, or says why not. When room is short, stale ones go first,
    /// since callers that left must not keep others out; then the last of the
    /// network that has most.
    pub(super) fn offer(&mut self, waiter: Waiter, now: Now) -> News {
        let mut news = News::default();
        if let Err(reason) = self.is_open(waiter.by(), now) {
            self.refuse(waiter, reason, &mut news);
        } else {
            let before = self.lines.len();
            if self.ahead(before) > self.bound || !self.fits(before, waiter.by(), now) {
                self.sweep(now, &mut news);
            }
            self.admit(waiter, now, &mut news);
            self.advance(now, &mut news);
        }
        news
    }

    /// Takes the job of one who was called.
    pub(super) fn bring(&mut self, place: u64, job: Job, now: Now) -> News {
        let mut news = News::default();
        if let Err(reason) = self.is_open(job.by, now) {
            self.front.give_up(place);
            self.refuse(Waiter::Job(job), reason, &mut news);
            self.advance(now, &mut news);
        } else {
            self.front.fill(place, job, now.mono);
        }
        news
    }

    /// One who was called does not come.
    pub(super) fn give_up(&mut self, place: u64, now: Now) -> News {
        let mut news = News::default();
        self.front.give_up(place);
        self.advance(now, &mut news);
        news
    }

    /// The next job; [`ended`](Self::ended) must follow. While all at the front
    /// still look something up, a job that waits in the lines is as good.
    pub(super) fn take(&mut self, now: Now) -> (Option<Job>, News) {
        let mut news = News::default();
        let job = self.front.pop().or_else(|| {
            let is_job = |waiter: &Waiter| matches!(waiter, Waiter::Job(_));
            match self.lines.pop_where(is_job)? {
                Waiter::Job(job) => Some(job),
                Waiter::Caller(_) => None,
            }
        });
        if job.is_some() {
            self.running += 1;
            self.advance(now, &mut news);
        }
        (job, news)
    }

    /// A worker is done with the job it took. If hashes take much longer than
    /// those who wait were told, who will not get anywhere hears of it now.
    pub(super) fn ended(&mut self, how: Ended, now: impl FnOnce() -> Now) -> News {
        // Before the clock is asked: if it panics, a worker that sleeps must not be
        // counted as busy.
        self.running = self.running.saturating_sub(1);
        let mut news = News::default();
        match how {
            Ended::Hashed { took, waited } => {
                self.hashed += 1;
                self.waited = self.waited.saturating_add(waited);
                self.hash.see(took);
                self.shorten(now(), &mut news);
            }
            Ended::Skipped => self.skipped += 1,
            Ended::Failed => {}
        }
        news
    }

    /// Lets nothing in any more, and gives up what waits.
    pub(super) fn close(&mut self) -> News {
        self.closed = true;
        self.callers = 0;
        let mut news = News::default();
        let mut waiters = self.lines.drain();
        waiters.extend(self.front.drain().into_iter().map(Waiter::Job));
        for waiter in waiters {
            self.refuse(waiter, HashError::ShutDown, &mut news);
        }
        news
    }

    pub(super) const fn is_closed(&self) -> bool {
        self.closed
    }

    /// Where callers that leave are to say so.
    pub(super) const fn departures(&self) -> &Departures {
        &self.departures
    }

    /// Whether a worker has nothing to do.
    pub(super) const fn is_one_idle(&self) -> bool {
        self.running < self.threads
    }

    pub(super) fn stats(&self) -> PoolStats {
        PoolStats {
            hashed: self.hashed,
            refused: self.refused,
            skipped: self.skipped,
            waited: self.waited,
            queued: self.lines.len() + self.front.len(),
            running: self.running,
            average_hash: self.hash.get(),
            expected_wait: self.wait_behind(self.lines.len()),
        }
    }

    /// Two things must hold, or somebody is refused: the newcomer's turn comes by
    /// its deadline, and so does that of the one that is then served last. A network
    /// that alone has filled the lines makes room for the others in this way,
    /// until all have the same.
    fn admit(&mut self, waiter: Waiter, now: Now, news: &mut News) {
        let network = waiter.network();
        if !self.fits(self.lines.before(network), waiter.by(), now) {
            let overloaded = self.overloaded();
            self.refuse(waiter, overloaded, news);
            return;
        }
        self.callers += usize::from(is_caller(&waiter));
        let first = self
            .first_deadline
            .map_or(waiter.by(), |by| by.min(waiter.by()));
        self.first_deadline = Some(first);
        self.lines.push(network, waiter);
        while let Some((longest, last)) = self.lines.longest(network) {
            let before_last = self.lines.len() - 1;
            if self.ahead(before_last) <= self.bound && self.fits(before_last, last.by(), now) {
                return;
            }
            self.give_way(longest, news);
        }
    }

    /// Refuses those who come last while they would have to wait for much longer
    /// than they can: an average moves both ways.
    fn shorten(&mut self, now: Now, news: &mut News) {
        while let Some((longest, last)) = self.lines.longest(Network::UNKNOWN) {
            let wait = self.wait_behind(self.lines.len() - 1);
            let remaining = last.by().remaining(now);
            if wait <= remaining.saturating_add(remaining / 4) {
                return;
            }
            self.give_way(longest, news);
        }
    }

    /// Refuses the last of a line.
    fn give_way(&mut self, network: Network, news: &mut News) {
        if let Some(last) = self.lines.pop_last(network) {
            self.callers -= usize::from(is_caller(&last));
            let overloaded = self.overloaded();
            self.refuse(last, overloaded, news);
        }
    }

    /// Moves the next ones to the front, so far that the workers do not have to
    /// wait for what a caller looks up. Without callers there is no need.
    fn advance(&mut self, now: Now, news: &mut News) {
        while self.callers > 0 && self.front.len() < self.reach() {
            let Some(waiter) = self.lines.pop() else {
                return;
            };
            self.callers -= usize::from(is_caller(&waiter));
            if waiter.is_stale(now) {
                self.skipped += 1;
                news.refused.push((waiter, HashError::DeadlinePassed));
                continue;
            }
            match waiter {
                Waiter::Job(job) => self.front.push(job),
                Waiter::Caller(caller) => {
                    let place = self.front.call(now.mono);
                    news.called.push((caller, place));
                }
            }
        }
    }

    /// How long the front may be: as many as are hashed during two look-ups, and
    /// one for each worker besides.
    fn reach(&self) -> usize {
        const MOST: u128 = 32;
        let hash = self.hash.get().as_nanos().max(1);
        let hashes = (2 * self.front.look_up().as_nanos()).div_ceil(hash);
        let each = usize::try_from(hashes.clamp(1, MOST)).unwrap_or(1);
        self.threads * (1 + each)
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

    /// Whether a job that waits for `before` others starts by its deadline, with
    /// a sixteenth of its time to spare: beside a flood hashes take longer than
    /// before, and who is let in should not be refused when the time is nearly up.
    fn fits(&self, before: usize, by: Deadline, now: Now) -> bool {
        let remaining = by.remaining(now);
        self.wait_behind(before) <= remaining.saturating_sub(remaining / 16)
    }

    /// How many jobs must end before one that waits for `before` others can
    /// start. An idle worker makes it none, whatever the average says: a pool
    /// that was slow once gets the chance to measure again.
    fn ahead(&self, before: usize) -> usize {
        (before + self.front.len() + self.running + 1).saturating_sub(self.threads)
    }

    fn wait_behind(&self, before: usize) -> Duration {
        let ahead = u32::try_from(self.ahead(before)).unwrap_or(u32::MAX);
        let threads = u32::try_from(self.threads).unwrap_or(u32::MAX);
        self.hash
            .get()
            .saturating_mul(ahead)
            .checked_div(threads)
            .unwrap_or(Duration::MAX)
    }

    /// Of the whole queue: to whoever has to come again it matters when it has
    /// drained, and who waits in it is nobody's business.
    fn overloaded(&self) -> HashError {
        HashError::Overloaded {
            retry_after: self.wait_behind(self.lines.len()),
        }
    }

    fn refuse(&mut self, waiter: Waiter, reason: HashError, news: &mut News) {
        self.refused += 1;
        news.refused.push((waiter, reason));
    }

    /// Refuses those whom nobody waits for. Under a flood this is asked for each that
    /// comes, and as a rule there are none.
    fn sweep(&mut self, now: Now, news: &mut News) {
        let is_one_late = self.first_deadline.is_some_and(|by| by.has_passed(now));
        if !self.departures.take() && !is_one_late {
            return;
        }
        for stale in self.lines.sweep(|waiter| waiter.is_stale(now)) {
            self.callers -= usize::from(is_caller(&stale));
            self.skipped += 1;
            news.refused.push((stale, HashError::DeadlinePassed));
        }
        self.first_deadline = self.lines.iter().map(Waiter::by).min();
    }
}

const fn is_caller(waiter: &Waiter) -> bool {
    matches!(waiter, Waiter::Caller(_))
}
