//! # Bulkhead
//!
//! **Prevents** a cold or broken cache from taking the source down: each miss is a
//! query, and a cache that is empty has nothing but misses.
//!
//! **How.** The loader is called by a few workers, so many at once and no more;
//! the other keys wait in line. If more than a bound wait, the next load is refused
//! at once: "unavailable", for the reason
//! [`Overloaded`](crate::tiered::Reason::Overloaded). A key that has waited past
//! the [deadline](super::deadlines) of loads is not asked for any more.
//!
//! **Switch**: on; 32 calls of an [`each`](crate::tiered::each) or 4 of a
//! [`batch`](crate::tiered::batch) loader at once, 16 384 keys waiting;
//! [`with_bulkhead`].
//!
//! **Metric**: [`CacheStats::overloaded`](crate::tiered::CacheStats::overloaded),
//! [`CacheStats::waiting`](crate::tiered::CacheStats::waiting).
//!
//! **What it does not do.** It is per cache and process: the source sees as many
//! queries at once as there are workers, times caches, times processes.
//!
//! [`with_bulkhead`]: crate::tiered::CacheBuilder::with_bulkhead
