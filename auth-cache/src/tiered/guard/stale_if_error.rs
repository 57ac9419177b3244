//! # Stale-if-error
//!
//! **Prevents** an outage of the source from being one of everything that reads
//! from it (RFC 5861 §4, for values instead of responses).
//!
//! **How.** For so long after expiry the old value is the answer of those whose
//! load failed, or whose own deadline came before it ended. For a second after a
//! failure it is served without another load, so that a source that is down is
//! asked once a second for each key and nobody waits for its time-out.
//!
//! **Switch**: off; [`with_stale_if_error`].
//!
//! **Metric**:
//! [`CacheStats::stale_if_error_served`](crate::tiered::CacheStats::stale_if_error_served);
//! the caller sees [`Origin::StaleIfError`](crate::tiered::Origin::StaleIfError).
//!
//! **What it does not do.** It never serves what was invalidated, as far as this process
//! knows: while it does not hear of others, what they invalidated is served for the
//! window too. "Does not exist"
//! is never served stale. A value that was pushed out to make room is gone.
//! [Security state](super::security_state) gets none of it beyond its 60 s, and in
//! them only while the revocations are known to be up to date.
//!
//! [`with_stale_if_error`]: crate::tiered::CacheBuilder::with_stale_if_error

use std::time::Duration;

/// Between two loads of a key that fail, while there is something stale to serve;
/// and between two refreshes of one entry.
pub(crate) const RETRY_AFTER: Duration = Duration::from_secs(1);
