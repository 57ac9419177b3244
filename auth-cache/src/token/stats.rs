//! Counters.

use std::sync::atomic::{AtomicU64, Ordering};

use super::set::Why;

/// What a [`MemoryTokenCache`](super::MemoryTokenCache) holds, and what became of
/// what it held. Hits and misses are
/// [the verifier's](auth_core::verifier::VerifierStats) to count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenCacheStats {
    /// Tokens that are held, with those that have expired and are still there.
    pub entries: usize,
    /// What they take, in bytes ([`Identity::bytes`](auth_core::Identity::bytes)).
    pub bytes: usize,
    /// Whose they are.
    pub subjects: usize,
    /// Tokens that were put in.
    pub inserted: u64,
    /// Tokens that went for room: there were as many entries or bytes as may be,
    /// or their set was full.
    pub evicted: u64,
    /// Tokens that went for a newer one of the same subject.
    pub displaced: u64,
    /// Tokens that went because they had expired.
    pub expired: u64,
    /// Tokens that a verifier found to be good no more: expired, revoked, or
    /// their key gone.
    pub removed: u64,
    /// Tokens that were larger than all that is allowed.
    pub too_large: u64,
}

/// Relaxed: they are read by people. None is in the way of a hit.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) inserted: AtomicU64,
    pub(super) too_large: AtomicU64,
    evicted: AtomicU64,
    displaced: AtomicU64,
    expired: AtomicU64,
    removed: AtomicU64,
}

impl Counters {
    pub(super) fn gone(&self, why: Why) {
        let counter = match why {
            Why::Replaced => return,
            Why::Evicted => &self.evicted,
            Why::Displaced => &self.displaced,
            Why::Expired => &self.expired,
            Why::Removed => &self.removed,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn read(&self) -> TokenCacheStats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        TokenCacheStats {
            inserted: read(&self.inserted),
            too_large: read(&self.too_large),
            evicted: read(&self.evicted),
            displaced: read(&self.displaced),
            expired: read(&self.expired),
            removed: read(&self.removed),
            ..TokenCacheStats::default()
        }
    }
}
