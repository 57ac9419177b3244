//! # Adaptive TTL
//!
//! **Prevents** that one time for all keys is too long for those that change and
//! too short for those that do not.
//!
//! **How.** What has changed lately is likely to change again soon, and what has
//! not is not: the rule of the Alex protocol (V. Cate, "Alex: A Global Filesystem",
//! 1992) and of HTTP's heuristic freshness (RFC 9111 §4.2.2). A value begins with a
//! quarter of the class's time. If the next load brings an equal value, it is given
//! twice the time, up to the class's; if it brings another, half of it, down to a
//! sixteenth.
//!
//! **Switch**: off; [`with_adaptive_ttl`], for values that can be compared.
//!
//! **Metric**: [`CacheStats::ttl_adapted`](crate::tiered::CacheStats::ttl_adapted).
//!
//! **What it does not do.** It never goes beyond the class's time. What it learnt of
//! a key goes with the key's entry: pushed out, invalidated, or never read again.
//! [Security state](super::security_state) has it never.
//!
//! [`with_adaptive_ttl`]: crate::tiered::CacheBuilder::with_adaptive_ttl

use std::time::Duration;

use crate::tiered::entry::Entry;

/// Whether two values are equal.
#[derive(Debug)]
pub(crate) struct AdaptiveTtl<V>(pub(crate) fn(&V, &V) -> bool);

impl<V> AdaptiveTtl<V> {
    /// The time of `value`, that is loaded in place of `before`.
    pub(crate) fn ttl(&self, class: Duration, before: Option<&Entry<V>>, value: &V) -> Duration {
        let Some((before, old)) = before.and_then(|it| Some((it, it.value.as_ref()?))) else {
            return class / 4;
        };
        if (self.0)(old, value) {
            before.life.ttl.saturating_mul(2).min(class)
        } else {
            (before.life.ttl / 2).max(class / 16)
        }
    }
}
