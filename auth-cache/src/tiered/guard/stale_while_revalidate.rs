//! # Stale-while-revalidate
//!
//! **Prevents** waiting at expiry, at the price of an answer that is a little older
//! than was asked for (RFC 5861 §3, for values instead of responses).
//!
//! **How.** For so long after expiry the old value is served, and the first who
//! meets it begins a load behind the answer.
//!
//! **Switch**: off; [`with_stale_while_revalidate`].
//!
//! **Metric**: [`CacheStats::stale_served`](crate::tiered::CacheStats::stale_served);
//! the caller sees [`Origin::Stale`](crate::tiered::Origin::Stale).
//!
//! **What it does not do.** It never serves what was invalidated: an invalidation
//! ends a value at once, whatever the windows. [Security
//! state](super::security_state) gets none of it beyond its 60 s, and in them only
//! while the revocations are known to be up to date.
//!
//! [`with_stale_while_revalidate`]: crate::tiered::CacheBuilder::with_stale_while_revalidate
