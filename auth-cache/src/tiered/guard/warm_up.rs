//! # Warm-up
//!
//! **Prevents** that the first requests after a start, or after a clearing, are the
//! slow ones, all at once.
//!
//! **How.** [`Cache::warm_up`] loads a list of keys before they are asked for,
//! through the same flights, fence and bulkhead as any other load: a list does not
//! crowd out those who wait for an answer, since no more of it is in line at once
//! than one call of the loader takes. What is in memory already is left alone. When
//! it returns, all of it has been asked for: a readiness probe can wait for that.
//! [`Cache::keys`] gives such a list, to be written down at the end and read at the
//! next start.
//!
//! **Switch**: calling it.
//!
//! **Metric**: [`CacheStats::warmed_up`](crate::tiered::CacheStats::warmed_up).
//!
//! **What it does not do.** It does not keep anything warm; early refresh does that
//! for what is read. More keys than there is room for push each other out.
//!
//! [`Cache::warm_up`]: crate::tiered::Cache::warm_up
//! [`Cache::keys`]: crate::tiered::Cache::keys

use std::sync::Arc;

use crate::tiered::engine::Engine;
use crate::tiered::key::{Key, Value};
use crate::tiered::look_up::Begun;
use crate::tiered::warmth::Warmth;

/// Loads `keys`, a loader's call of them at a time.
pub(crate) async fn warm_up<K: Key, V: Value>(
    engine: &Arc<Engine<K, V>>,
    keys: impl IntoIterator<Item = K>,
) -> Warmth {
    let at_once = engine.loader.most_keys().max(1);
    let mut keys = keys.into_iter();
    let mut warmth = Warmth::default();
    loop {
        let begun: Vec<_> = keys
            .by_ref()
            .take(at_once)
            .map(|key| engine.begin(&key))
            .collect();
        if begun.is_empty() {
            return warmth;
        }
        for begun in begun {
            warmth.count(end(engine, begun).await);
            engine.counters.warmed_up.one();
        }
    }
}

/// Whether there is such a thing; `None` if it could not be told.
async fn end<K: Key, V: Value>(engine: &Arc<Engine<K, V>>, mut begun: Begun<K, V>) -> Option<bool> {
    loop {
        let waiter = match begun {
            Begun::Answered(answer) => return Some(answer.value().is_some()),
            Begun::Waits(waiter) => waiter,
        };
        let outcome = waiter.flight.outcome().await;
        begun = engine.end(waiter, outcome).ok()?;
    }
}
