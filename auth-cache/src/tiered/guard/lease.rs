//! # Lease
//!
//! **Prevents** that every process loads what all of them miss at once.
//!
//! **How.** Where there is a [tier](crate::tier::Tier), a miss asks it before the
//! source. If it has no value, the first process to ask holds the right to load the
//! key and to fill it, for as long as the deadline of loads; the others ask again
//! every few milliseconds until the value is there. The right is a random nonce of
//! 128 bits, drawn for this one load, and is the tier's fence at the same time: a
//! fill counts only if the tier still has the nonce, so that after an invalidation,
//! an eviction or a crash in between a late fill does nothing.
//!
//! What is there and cannot be read by the codec is missing in the same sense: one
//! process loads it and puts what it has in its place.
//!
//! A process that has waited for another one for a second asks the source itself,
//! and fills nothing.
//!
//! **Switch**: on where there is a tier; [`with_lease_patience`] says how long a
//! process waits for another, zero that it does not.
//!
//! **Metric**: [`CacheStats::lease_waits`], [`CacheStats::tier_fills`],
//! [`CacheStats::tier_fills_refused`].
//!
//! **What it does not do.** It is a promise of few loads, not of one: while the tier
//! cannot be asked, each process loads for itself, behind its
//! [bulkhead](super::bulkhead).
//!
//! [`with_lease_patience`]: crate::tiered::CacheBuilder::with_lease_patience
//! [`CacheStats::lease_waits`]: crate::tiered::CacheStats::lease_waits
//! [`CacheStats::tier_fills`]: crate::tiered::CacheStats::tier_fills
//! [`CacheStats::tier_fills_refused`]: crate::tiered::CacheStats::tier_fills_refused
