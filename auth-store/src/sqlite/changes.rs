//! How often users, tenants and API keys were changed.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// A number that moves when a change can be read, before anybody is told that it was
/// made. One transaction runs at a time, so there is one mark.
#[derive(Debug, Default)]
pub(super) struct Changes {
    number: AtomicU64,
    /// Whether the transaction that runs changes any.
    is_marked: AtomicBool,
}

impl Changes {
    pub(super) fn number(&self) -> u64 {
        self.number.load(Ordering::Acquire)
    }

    /// The transaction that runs changes something.
    pub(super) fn mark(&self) {
        self.is_marked.store(true, Ordering::Release);
    }

    /// It is over, whether it was committed, or not, or nobody knows.
    pub(super) fn settle(&self) {
        if self.is_marked.swap(false, Ordering::AcqRel) {
            self.number.fetch_add(1, Ordering::AcqRel);
        }
    }
}
