//! What a pool tells about itself.

use std::time::Duration;

/// What a [`HashPool`](super::HashPool) has done and has to do. Counters only
/// grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolStats {
    /// Hashes that were computed, dummies among them.
    pub hashed: u64,
    /// Jobs that were turned away at once, or later for a source that had less,
    /// or by the shutdown.
    pub refused: u64,
    /// Jobs that were queued and never hashed, because the caller had gone or
    /// the deadline had passed.
    pub skipped: u64,
    /// How long all jobs that were hashed have waited together.
    pub waited: Duration,
    /// Jobs that wait.
    pub queued: usize,
    /// Jobs that are being hashed.
    pub running: usize,
    /// The moving average of the time that a hash takes.
    pub average_hash: Duration,
    /// How long a job that comes now is expected to wait at most.
    pub expected_wait: Duration,
}
