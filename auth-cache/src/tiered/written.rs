//! What came of a write through the cache.

use super::unavailable::Unavailable;

/// The source has the value.
#[derive(Clone, Debug)]
#[non_exhaustive]
#[must_use = "other processes may not have been told"]
pub struct Written<V> {
    /// What was written.
    pub value: V,
    /// Whether the second level was told to forget what it had; as by
    /// [`Cache::invalidate`](super::Cache::invalidate).
    pub told: Result<(), Unavailable>,
}
