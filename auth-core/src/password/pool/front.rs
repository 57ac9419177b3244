//! Those whose turn is next: their order is settled, and nobody overtakes them.

use std::collections::VecDeque;
use std::time::Duration;

use super::average::Average;
use super::job::Job;
use crate::time::Monotonic;

/// Jobs that are next, and the places of callers who were called and have not
/// brought theirs yet.
pub(super) struct Front {
    slots: VecDeque<Slot>,
    next: u64,
    /// The time from a call to its job.
    look_up: Average,
}

enum Slot {
    Ready(Job),
    Called { place: u64, at: Monotonic },
}

impl Front {
    pub(super) const fn new() -> Self {
        Self {
            slots: VecDeque::new(),
            next: 0,
            look_up: Average::over(8, Duration::ZERO),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// How long it takes from a call to its job.
    pub(super) const fn look_up(&self) -> Duration {
        self.look_up.get()
    }

    pub(super) fn push(&mut self, job: Job) {
        self.slots.push_back(Slot::Ready(job));
    }

    /// A place for somebody who is called now.
    pub(super) fn call(&mut self, at: Monotonic) -> u64 {
        let place = self.next;
        self.next += 1;
        self.slots.push_back(Slot::Called { place, at });
        place
    }

    /// Whoever was called has brought a job.
    pub(super) fn fill(&mut self, place: u64, job: Job, now: Monotonic) {
        if let Some(slot) = self.slots.iter_mut().find(|slot| slot.is(place)) {
            if let Slot::Called { at, .. } = *slot {
                self.look_up.see(now.since(at));
            }
            *slot = Slot::Ready(job);
        }
    }

    /// Whoever was called does not come.
    pub(super) fn give_up(&mut self, place: u64) {
        self.slots.retain(|slot| !slot.is(place));
    }

    /// The first job; those who are still called are stepped over.
    pub(super) fn pop(&mut self) -> Option<Job> {
        let is_ready = |slot: &Slot| matches!(slot, Slot::Ready(_));
        let at = self.slots.iter().position(is_ready)?;
        match self.slots.remove(at)? {
            Slot::Ready(job) => Some(job),
            Slot::Called { .. } => None,
        }
    }

    /// Takes all jobs away.
    pub(super) fn drain(&mut self) -> Vec<Job> {
        std::iter::from_fn(|| self.pop()).collect()
    }
}

impl Slot {
    const fn is(&self, wanted: u64) -> bool {
        matches!(*self, Self::Called { place, .. } if place == wanted)
    }
}
