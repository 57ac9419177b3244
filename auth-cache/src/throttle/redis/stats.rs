use std::sync::atomic::{AtomicU64, Ordering};

use super::local::Local;
use crate::tiered::BreakerState;

/// Why Redis did not decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    Unavailable,
    TimedOut,
    Broken,
    Refused,
    WrongType,
    WrongReply,
    Skipped,
}

impl Cause {
    /// Whether a server is there and answers.
    pub(super) const fn is_answer(self) -> bool {
        matches!(self, Self::Refused | Self::WrongType)
    }
}

/// Charges of a [`RedisRateLimiter`](super::RedisRateLimiter) since it was built, by who
/// decided them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RedisRateLimiterStats {
    /// Redis.
    pub shared: u64,
    /// Of these, those that Redis allowed and the process did not: it alone has used up
    /// what Redis has forgotten. A few are a matter of two clocks.
    pub limited_by_process: u64,
    /// The process: no server could be asked.
    pub unavailable: u64,
    /// The process: there was no answer by the deadline.
    pub timed_out: u64,
    /// The process: the connection ended before the answer came.
    pub broken: u64,
    /// The process: the server refused, such as for want of a permission or of memory.
    pub refused: u64,
    /// The process: under the name there was something that nobody here has put there.
    pub wrong_type: u64,
    /// The process: the answer made no sense.
    pub wrong_reply: u64,
    /// The process: Redis was not asked, after failures in a row.
    pub skipped: u64,
    /// Whether Redis is asked.
    pub breaker: BreakerState,
    /// Subjects that the process knows.
    pub subjects: usize,
    /// Charges of subjects for whom the process had no room.
    pub overflowed: u64,
}

impl RedisRateLimiterStats {
    /// How often the process decided by itself.
    pub const fn fell_back(&self) -> u64 {
        self.unavailable
            + self.timed_out
            + self.broken
            + self.refused
            + self.wrong_type
            + self.wrong_reply
            + self.skipped
    }
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    shared: AtomicU64,
    limited_by_process: AtomicU64,
    unavailable: AtomicU64,
    timed_out: AtomicU64,
    broken: AtomicU64,
    refused: AtomicU64,
    wrong_type: AtomicU64,
    wrong_reply: AtomicU64,
    skipped: AtomicU64,
}

impl Counters {
    pub(super) fn shared(&self, is_limited_by_process: bool) {
        self.shared.fetch_add(1, Ordering::Relaxed);
        let more = u64::from(is_limited_by_process);
        self.limited_by_process.fetch_add(more, Ordering::Relaxed);
    }

    pub(super) fn fell_back(&self, cause: Cause) {
        let counter = match cause {
            Cause::Unavailable => &self.unavailable,
            Cause::TimedOut => &self.timed_out,
            Cause::Broken => &self.broken,
            Cause::Refused => &self.refused,
            Cause::WrongType => &self.wrong_type,
            Cause::WrongReply => &self.wrong_reply,
            Cause::Skipped => &self.skipped,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn read(&self, breaker: BreakerState, local: &Local) -> RedisRateLimiterStats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        RedisRateLimiterStats {
            shared: read(&self.shared),
            limited_by_process: read(&self.limited_by_process),
            unavailable: read(&self.unavailable),
            timed_out: read(&self.timed_out),
            broken: read(&self.broken),
            refused: read(&self.refused),
            wrong_type: read(&self.wrong_type),
            wrong_reply: read(&self.wrong_reply),
            skipped: read(&self.skipped),
            breaker,
            subjects: local.subjects(),
            overflowed: local.overflowed(),
        }
    }
}
