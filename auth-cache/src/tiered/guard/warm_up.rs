//! # Warm-up
//!
//! **Prevents** that the first requests after a start, or after a clearing, are the
//! slow ones, all at once.
//!
//! **How.** [`Cache::warm_up`] loads a list of keys before they are asked for,
//! through the same flights, fence and bulkhead as any other load: a list does not
//! crowd out those who wait for an answer, since no more of it is in line at once
//! than one call of a loader of batches takes, or all workers but one of a loader of
//! single keys. What is in memory already is left alone. When it returns, all of it
//! has been asked for: a readiness probe can wait for that.
//!
//! **A list** is what the application makes of what it knows, or a snapshot of what
//! was of use before: [`Cache::hot_keys`] gives the keys that were looked up most, to
//! be written down now and then, and read at the next start:
//!
//! ```
//! # use auth_cache::tiered::{Cache, each};
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! # let load = |id: u64| async move { Ok::<_, std::io::Error>(Some(id)) };
//! # let (before, after) = (Cache::builder("ids", each(load)).build()?, Cache::builder("ids", each(load)).build()?);
//! let snapshot = serde_json::to_string(&before.hot_keys(10_000))?;
//! // … a restart later:
//! let keys: Vec<u64> = serde_json::from_str(&snapshot)?;
//! let warmth = after.warm_up(keys).await;
//! println!("{} of them are there", warmth.found);
//! # Ok(())
//! # }
//! # tokio::runtime::Runtime::new().unwrap().block_on(example()).unwrap();
//! ```
//!
//! A snapshot has names and no values, so that nothing comes back with it that was
//! changed or revoked meanwhile. Whether the names may be written down, the
//! application knows: of a cache by e-mail address they are addresses.
//!
//! **Switch**: calling it.
//!
//! **Metric**: [`CacheStats::warmed_up`](crate::tiered::CacheStats::warmed_up).
//!
//! **What it does not do.** It does not keep anything warm; early refresh does that
//! for what is read. More keys than there is room for push each other out. Which keys
//! are hot is told by one hit in 61, and forgotten with a value that is invalidated or
//! pushed out.
//!
//! [`Cache::warm_up`]: crate::tiered::Cache::warm_up
//! [`Cache::hot_keys`]: crate::tiered::Cache::hot_keys

use std::collections::VecDeque;
use std::sync::Arc;

use crate::tiered::engine::Engine;
use crate::tiered::key::{Key, Value};
use crate::tiered::look_up::Begun;
use crate::tiered::warmth::Warmth;

/// Loads `keys`: one batch after another, or one by one by some workers at once.
pub(crate) async fn warm_up<K: Key, V: Value>(
    engine: &Arc<Engine<K, V>>,
    keys: impl IntoIterator<Item = K>,
) -> Warmth {
    let most_keys = engine.loader.most_keys();
    let is_batched = most_keys > 1;
    let at_once = if is_batched {
        most_keys
    } else {
        // One is left to those who wait for an answer.
        engine.source.workers().saturating_sub(1).max(1)
    };
    let mut keys = keys.into_iter();
    let mut begun = VecDeque::new();
    let mut warmth = Warmth::default();
    loop {
        // Batches are kept whole.
        if !is_batched || begun.is_empty() {
            let more = keys.by_ref().take(at_once - begun.len());
            begun.extend(more.map(|key| engine.begin(&key)));
        }
        let Some(first) = begun.pop_front() else {
            return warmth;
        };
        warmth.count(end(engine, first).await);
        engine.counters.warmed_up.one();
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
