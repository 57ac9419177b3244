//! Counters.

/// How a [`WriteBehind`](super::WriteBehind) is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct WriteBehindStats {
    /// Values that were put.
    pub put: u64,
    /// Of them, those that were refused for want of room.
    pub refused: u64,
    /// Keys that were written.
    pub written: u64,
    /// Calls that failed.
    pub failures: u64,
    /// Keys that wait.
    pub waiting: usize,
}
