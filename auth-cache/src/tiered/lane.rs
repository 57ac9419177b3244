//! Work that waits for one of a few workers: what the
//! [bulkhead](super::guard::bulkhead) and [batching](super::guard::batching) are
//! made of.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Jobs in the order they came, and how many workers there are.
#[derive(Debug)]
pub(crate) struct Lane<J> {
    state: Mutex<State<J>>,
    limits: Limits,
}

/// How much at once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Workers.
    pub(crate) workers: usize,
    /// Jobs that a worker takes at a time.
    pub(crate) most_jobs: usize,
    /// Jobs that wait.
    pub(crate) waiting: usize,
}

#[derive(Debug)]
struct State<J> {
    waiting: VecDeque<J>,
    workers: usize,
}

/// What becomes of a job.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Pushed<J> {
    /// A worker will come to it.
    Queued,
    /// It was queued, and the caller has to start a worker.
    Start,
    /// Too many wait already.
    Full(J),
}

impl<J> Lane<J> {
    pub(crate) fn new(limits: Limits) -> Self {
        let state = State {
            waiting: VecDeque::new(),
            workers: 0,
        };
        Self {
            state: Mutex::new(state),
            limits,
        }
    }

    pub(crate) fn push(&self, job: J) -> Pushed<J> {
        let mut state = self.state();
        if state.waiting.len() >= self.limits.waiting {
            return Pushed::Full(job);
        }
        state.waiting.push_back(job);
        if state.workers < self.limits.workers {
            state.workers += 1;
            return Pushed::Start;
        }
        Pushed::Queued
    }

    /// The next jobs for a worker; without any the worker is no longer counted,
    /// and ends.
    pub(crate) fn take(&self) -> Option<Vec<J>> {
        let mut state = self.state();
        if state.waiting.is_empty() {
            state.workers -= 1;
            // What a flood took is given back.
            state.waiting.shrink_to(self.limits.most_jobs);
            return None;
        }
        let count = state.waiting.len().min(self.limits.most_jobs);
        Some(state.waiting.drain(..count).collect())
    }

    /// A worker ended before its time. Gives the jobs that nobody will come to.
    pub(crate) fn abandon(&self) -> VecDeque<J> {
        let mut state = self.state();
        state.workers -= 1;
        if state.workers > 0 {
            return VecDeque::new();
        }
        std::mem::take(&mut state.waiting)
    }

    /// How many work on it at the most.
    pub(crate) const fn workers(&self) -> usize {
        self.limits.workers
    }

    /// How many a worker takes at a time.
    pub(crate) const fn most_jobs(&self) -> usize {
        self.limits.most_jobs
    }

    pub(crate) fn waiting(&self) -> usize {
        self.state().waiting.len()
    }

    fn state(&self) -> MutexGuard<'_, State<J>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lane() -> Lane<u32> {
        Lane::new(Limits {
            workers: 2,
            most_jobs: 3,
            waiting: 5,
        })
    }

    #[test]
    fn there_are_only_so_many_workers_and_jobs_waiting() {
        let lane = lane();
        let pushed: Vec<_> = (0..6).map(|job| lane.push(job)).collect();
        let (start, queued) = (Pushed::Start, Pushed::Queued);
        assert_eq!(pushed[..2], [start, Pushed::Start]);
        assert_eq!(pushed[2..5], [queued, Pushed::Queued, Pushed::Queued]);
        assert_eq!(pushed[5], Pushed::Full(5));
    }

    #[test]
    fn a_worker_takes_what_has_gathered_and_ends_when_there_is_nothing() {
        let lane = lane();
        let pushed = (0..5).filter(|job| lane.push(*job) != Pushed::Full(*job));
        assert_eq!(pushed.count(), 5);
        assert_eq!(lane.take(), Some(vec![0, 1, 2]));
        assert_eq!(lane.take(), Some(vec![3, 4]));
        assert_eq!((lane.take(), lane.take()), (None, None));
        assert_eq!(lane.push(9), Pushed::Start);
    }

    #[test]
    fn only_the_last_worker_to_be_lost_leaves_jobs_behind() {
        let lane = lane();
        let started = (0..4).filter(|job| lane.push(*job) == Pushed::Start);
        assert_eq!(started.count(), 2);
        assert!(lane.abandon().is_empty());
        assert_eq!(lane.abandon(), [0, 1, 2, 3]);
        assert_eq!(lane.push(9), Pushed::Start);
    }
}
