//! # Negative entries
//!
//! **Prevents** that asking for what does not exist, by mistake or on purpose,
//! reaches the source every time.
//!
//! **How.** "Does not exist" is kept for 2 s, in a cache of its own: made-up keys
//! push out other made-up keys and no value. Invalidating the key ends it like any
//! entry, so that what was created is seen at once where its creation is announced.
//!
//! **Switch**: on, 2 s and 10 000 entries; [`with_negative_ttl`] up to 5 s,
//! [`with_negative_capacity`], [`without_negative_entries`].
//!
//! **Metric**: [`CacheStats::negative_hits`], [`CacheStats::negative_entries`].
//!
//! **What it does not do.** An error is never a negative entry. The second level
//! holds none. Elsewhere a new thing may be "not there" for as long as the entry
//! lives, so nothing that decides whether an account exists may ask a cache.
//!
//! [`with_negative_ttl`]: crate::tiered::CacheBuilder::with_negative_ttl
//! [`with_negative_capacity`]: crate::tiered::CacheBuilder::with_negative_capacity
//! [`without_negative_entries`]: crate::tiered::CacheBuilder::without_negative_entries
//! [`CacheStats::negative_hits`]: crate::tiered::CacheStats::negative_hits
//! [`CacheStats::negative_entries`]: crate::tiered::CacheStats::negative_entries

use std::time::Duration;

/// The longest life of a negative entry.
pub(crate) const LONGEST: Duration = Duration::from_secs(5);
