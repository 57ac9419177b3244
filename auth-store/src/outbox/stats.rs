//! What a relay has done.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use super::rounds::Tally;
use crate::traits::OutboxStatus;

/// What a relay has done since it began, and how full the outbox was when it
/// last looked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RelayStats {
    /// Events that were published.
    pub published: u64,
    /// How often the bus refused an event.
    pub refused: u64,
    /// How often the bus could not be asked for an event.
    pub unavailable: u64,
    /// Events that became dead letters here.
    pub dead: u64,
    /// How often the store failed.
    pub store_failures: u64,
    /// Events that waited, of all relays; [`OutboxStatus::MOST`] if they were more.
    pub waiting: u64,
    /// For how long the oldest of them had.
    pub lag: Duration,
    /// Dead letters, of all relays; [`OutboxStatus::MOST`] if they were more.
    pub dead_letters: u64,
}

#[derive(Debug, Default)]
pub(super) struct Counters(Mutex<RelayStats>);

impl Counters {
    pub(super) fn read(&self) -> RelayStats {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn add(&self, tally: Tally) {
        self.change(|stats| {
            stats.published += tally.published;
            stats.refused += tally.refused;
            stats.unavailable += tally.unavailable;
            stats.dead += tally.dead;
        });
    }

    pub(super) fn store_failed(&self) {
        self.change(|stats| stats.store_failures += 1);
    }

    pub(super) fn look(&self, status: &OutboxStatus) {
        self.change(|stats| {
            stats.waiting = status.waiting;
            stats.lag = status.lag();
            stats.dead_letters = status.dead;
        });
    }

    fn change(&self, change: impl FnOnce(&mut RelayStats)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}
