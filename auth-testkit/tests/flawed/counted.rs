//! Changes that are counted badly.

use std::sync::atomic::{AtomicU64, Ordering};

use auth_store::Store;

use super::{Flaw, Flawed};

/// By how much the number is wrong.
#[derive(Debug, Default)]
pub(super) struct Miscounted {
    early: AtomicU64,
    uncounted: AtomicU64,
}

impl Flawed {
    pub(super) fn counted(&self) -> Option<u64> {
        if self.has(Flaw::ChangesAreNotCounted) {
            return Some(0);
        }
        let early = self.miscounted.early.load(Ordering::SeqCst);
        let uncounted = self.miscounted.uncounted.load(Ordering::SeqCst);
        Some(self.inner.changes()? + early - uncounted)
    }

    /// Counts a change that is to be made.
    pub(super) async fn count_early(&self) {
        if self.has(Flaw::ChangesAreCountedEarly) {
            self.miscounted.early.fetch_add(1, Ordering::SeqCst);
            self.meanwhile().await;
            self.miscounted.uncounted.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Does not count a rotation that was made.
    pub(super) fn forget_rotation(&self) {
        if self.has(Flaw::RotationOfApiKeyIsNotCounted) {
            self.miscounted.uncounted.fetch_add(1, Ordering::SeqCst);
        }
    }
}
