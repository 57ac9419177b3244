//! # Tags
//!
//! **Prevents** having to know every key that a change concerns: a tenant that is
//! disabled, a role that has lost a permission.
//!
//! **How.** A value has tags: by its key ([`with_tags`]), or by what was loaded
//! ([`Loaded::with_tag`]). [`invalidate_tag`] notes the time; nothing is looked for
//! and nothing removed. Whoever reads a value compares its load with the times of
//! its tags ([fence](super::fence)).
//!
//! **Switch**: values without tags cost nothing.
//!
//! **Metric**: [`CacheStats::tag_invalidations`](crate::tiered::CacheStats::tag_invalidations).
//!
//! **What it does not do.** Tags share 4 096 counters: one tag's invalidation also
//! ends the values of any tag with the same counter. What is invalidated takes room
//! until it is pushed out or loaded again. Values with tags that came with the load
//! are not kept in the second level, and "does not exist" only has tags by its key.
//!
//! [`with_tags`]: crate::tiered::CacheBuilder::with_tags
//! [`Loaded::with_tag`]: crate::tiered::Loaded::with_tag
//! [`invalidate_tag`]: crate::tiered::Cache::invalidate_tag
