//! # Write-through
//!
//! **Prevents** the miss after every write, for keys that are written and read by
//! turns.
//!
//! **How.** [`Cache::write`] forgets the key, runs the write, and keeps what the
//! write returned, if nobody else has begun to write or invalidate the key meanwhile.
//! Of several writes at once nothing is left in the end: the cache cannot know which
//! was last at the source. A write that fails, panics, or is dropped half way may or may not
//! have happened: the key is forgotten.
//!
//! The second level is told to forget the key; it is filled by the next load.
//!
//! **Switch**: calling it, instead of writing and calling
//! [`invalidate`](crate::tiered::Cache::invalidate), which is as safe.
//!
//! **Metric**: [`CacheStats::written_through`](crate::tiered::CacheStats::written_through).
//!
//! **What it does not do.** It does not order writes: that is the source's to do. A
//! write that does not go through this cache, in this or another process, is to be
//! followed by an invalidation as ever.
//!
//! [`Cache::write`]: crate::tiered::Cache::write

use std::sync::Arc;
use std::time::Duration;

use crate::tiered::engine::Engine;
use crate::tiered::guard::fence::Epoch;
use crate::tiered::key::{Key, Keyed, Value};
use crate::tiered::loader::Loaded;
use crate::tiered::noise::Noise;
use crate::tiered::settle::OfSource;

/// A write that is under way. Dropped before its end, its outcome is unknown.
pub(crate) struct Write<K: Key, V: Value> {
    engine: Arc<Engine<K, V>>,
    key: Keyed<K>,
    begun: Epoch,
    is_ended: bool,
}

impl<K: Key, V: Value> Write<K, V> {
    pub(crate) fn begin(engine: &Arc<Engine<K, V>>, key: &K) -> Self {
        let probe = engine.probe(key);
        Self {
            engine: Arc::clone(engine),
            begun: engine.forget(&probe),
            key: probe.to_keyed(),
            is_ended: false,
        }
    }

    /// The source has `value` now.
    pub(crate) fn end(mut self, value: V) {
        let engine = &self.engine;
        let (loaded, now) = (Loaded::new(value), engine.moment());
        let mut noise = Noise::new(&*engine.random);
        let of = OfSource {
            began: now,
            cost: Duration::ZERO,
            now,
        };
        let entry = engine.entry(&self.key.key, self.begun, loaded, of, &mut noise);
        let entry = Arc::new(entry);
        let keep = || (Some(engine.put(&self.key, &entry)), None);
        let forget = || (None, Some(engine.remove(&self.key.probe())));
        let (was_alone, displaced) =
            engine
                .fence
                .end_write(self.key.hash, self.begun, keep, forget);
        drop(displaced);
        if was_alone {
            engine.counters.written_through.one();
        }
        // Not before: weighers and tags are the application's, and may panic.
        self.is_ended = true;
    }
}

impl<K: Key, V: Value> Drop for Write<K, V> {
    fn drop(&mut self) {
        if !self.is_ended {
            // Whoever is to be told beside this process is told all the same.
            drop(self.engine.invalidate(&self.key.key));
        }
    }
}
