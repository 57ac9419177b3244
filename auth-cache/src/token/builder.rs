//! How much it may hold.

use std::num::NonZeroUsize;
use std::sync::Arc;

use auth_core::{Clock, SystemClock};

use super::cache::MemoryTokenCache;

/// Builds a [`MemoryTokenCache`].
///
/// # Defaults
/// - entries: 10 000
/// - bytes: 32 MiB; a token of the SDK takes 1.8 kB, 10 000 of them about 17 MiB
/// - entries of one subject: 64
/// - clock, by which room is made of what has expired: the system's. A verifier
///   asks its own
#[derive(Clone, Debug)]
pub struct MemoryTokenCacheBuilder {
    pub(super) entries: NonZeroUsize,
    pub(super) bytes: usize,
    pub(super) per_subject: NonZeroUsize,
    pub(super) clock: Arc<dyn Clock>,
}

impl MemoryTokenCacheBuilder {
    pub(super) fn new() -> Self {
        const fn count(count: usize) -> NonZeroUsize {
            NonZeroUsize::MIN.saturating_add(count - 1)
        }
        Self {
            entries: count(10_000),
            bytes: 32 << 20,
            per_subject: count(64),
            clock: Arc::new(SystemClock),
        }
    }

    /// At most `entries` tokens. Places for twice as many are reserved at once,
    /// of about 60 bytes each.
    pub const fn with_max_entries(mut self, entries: NonZeroUsize) -> Self {
        self.entries = entries;
        self
    }

    /// At most `bytes` of tokens and what they say, places not counted.
    pub const fn with_max_bytes(mut self, bytes: usize) -> Self {
        self.bytes = bytes;
        self
    }

    /// At most `entries` tokens of one subject; one more replaces the oldest.
    ///
    /// A user has a few, one for each device. Whoever draws a token for each
    /// request gains nothing by a cache, and takes this much of it.
    pub const fn with_max_entries_per_subject(mut self, entries: NonZeroUsize) -> Self {
        self.per_subject = entries;
        self
    }

    /// Takes the time from `clock`: the verifier's, so that what it refuses goes
    /// first when there is no room.
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Builds it.
    pub fn build(self) -> MemoryTokenCache {
        MemoryTokenCache::new(self)
    }
}
