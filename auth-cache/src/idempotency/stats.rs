use std::sync::atomic::{AtomicU64, Ordering};

/// What a [`RedisIdempotency`](super::RedisIdempotency) has seen since it was built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RedisIdempotencyStats {
    /// Requests that were given to a caller here.
    pub owned: u64,
    /// Requests of this process of which Redis no longer knew that they are taken or
    /// done, as it turned out when they were sent again or completed. It was put back.
    /// More than none says that Redis loses what it has acknowledged.
    pub forgotten: u64,
    /// Requests that were done, and had been given to another process meanwhile: they
    /// may have been done twice.
    pub lost: u64,
    /// Requests whose end was told to another life of a server than their beginning:
    /// what else that server had may be lost.
    pub moved: u64,
    /// Calls that Redis did not answer as it should.
    pub failed: u64,
    /// Requests that the process remembers.
    pub remembered: usize,
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) owned: Counter,
    pub(super) forgotten: Counter,
    pub(super) lost: Counter,
    pub(super) moved: Counter,
    pub(super) failed: Counter,
}

#[derive(Debug, Default)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    pub(super) fn one_more(&self) {
        // They are read by people.
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn read(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Counters {
    pub(super) fn read(&self, remembered: usize) -> RedisIdempotencyStats {
        RedisIdempotencyStats {
            owned: self.owned.read(),
            forgotten: self.forgotten.read(),
            lost: self.lost.read(),
            moved: self.moved.read(),
            failed: self.failed.read(),
            remembered,
        }
    }
}
