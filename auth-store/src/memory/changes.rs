//! How often users, tenants and API keys were changed.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counted under the store's lock, and read without it: whoever has read the number
/// and then takes the lock finds everything that was counted.
#[derive(Debug, Default)]
pub(super) struct Changes(AtomicU64);

impl Changes {
    pub(super) fn number(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }

    pub(super) fn one(&self) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }
}
