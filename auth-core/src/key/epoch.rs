//! Counting the changes of a key set, those included that time makes.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// The number behind [`KeySource::epoch`](super::KeySource::epoch), for sources
/// whose set changes when it is replaced, and also when its time has come: a
/// key that has aged out, one whose turn it is.
///
/// Times are microseconds of the source's own clock, which must not go back.
///
/// ```
/// use auth_core::key::KeyEpoch;
///
/// let epoch = KeyEpoch::new();
/// epoch.advance(Some(100)); // at 100, time will change the set
/// let number = epoch.current(|| 99);
/// assert!(number.is_some());
/// assert_eq!(epoch.current(|| 100), None); // it has: make the new set, and
/// epoch.advance(None);
/// assert_ne!(epoch.current(|| 100), number);
/// ```
#[derive(Debug)]
pub struct KeyEpoch {
    number: AtomicU64,
    changes_at: AtomicI64,
}

impl KeyEpoch {
    /// Of a set that time does not change.
    pub const fn new() -> Self {
        Self {
            number: AtomicU64::new(0),
            changes_at: AtomicI64::new(NEVER),
        }
    }

    /// The set has changed; time will change it at `changes_at`. Called under
    /// the lock that the set is replaced under, before it is given up.
    pub fn advance(&self, changes_at: Option<i64>) {
        // First the number: who sees the new time, and would take it to be
        // still to come, must see that the old set is gone.
        self.number.fetch_add(1, Ordering::AcqRel);
        self.changes_at
            .store(changes_at.unwrap_or(NEVER), Ordering::Release);
    }

    /// The number, without a lock; `now` is asked only if time will change the
    /// set. `None` when it has: whoever calls takes the lock, makes the set of
    /// now if nobody has yet, advances, and asks again.
    pub fn current(&self, now: impl FnOnce() -> i64) -> Option<u64> {
        let changes_at = self.changes_at.load(Ordering::Acquire);
        if changes_at != NEVER && now() >= changes_at {
            return None;
        }
        Some(self.number.load(Ordering::Acquire))
    }
}

const NEVER: i64 = i64::MAX;

impl Default for KeyEpoch {
    fn default() -> Self {
        Self::new()
    }
}
