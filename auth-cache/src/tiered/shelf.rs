//! The first level. The rest of the cache knows it only by what is here.
//!
//! It is `quick_cache` and not moka: in the benchmark suite `cache` its hits take
//! about a third of the time (no read log, no housekeeping), its bounds hold at
//! every insertion instead of after the next housekeeping, and a seventh as many
//! crates come with it. What it lacks is of no use here: expiry is by the injected
//! clock and has four stages, and neither of them keeps a load that an
//! invalidation has overtaken out; the [fence](super::guard::fence) does.

use std::cmp::Reverse;
use std::fmt;
use std::sync::Arc;

use quick_cache::sync::Cache;
use quick_cache::{Lifecycle, Weighter};

use super::entry::Entry;
use super::key::{AsIs, Key, Keyed, Probe, Value};

/// Entries by key, within a capacity.
pub(crate) struct Shelf<K: Key, V: Value> {
    kept: Cache<Keyed<K>, Arc<Entry<V>>, ByWeight, AsIs, HandedOut>,
}

/// What was pushed out: dropped by the caller when it holds no lock, since values
/// are the application's.
#[expect(dead_code, reason = "it is there to be dropped later")]
pub(crate) struct Displaced<K, V> {
    evicted: Vec<(Keyed<K>, Arc<Entry<V>>)>,
    overwritten: Option<Arc<Entry<V>>>,
}

impl<K: Key, V: Value> Shelf<K, V> {
    /// Holds up to `weight`, of entries that weigh at least `lightest`.
    pub(crate) fn new(weight: u64, lightest: u64) -> Self {
        let entries = usize::try_from(weight / lightest.max(1)).unwrap_or(usize::MAX);
        let expected = entries.min(MOST_EXPECTED);
        Self {
            kept: Cache::with(expected, weight, ByWeight, AsIs, HandedOut),
        }
    }

    pub(crate) fn get(&self, key: &Probe<'_, K>) -> Option<Arc<Entry<V>>> {
        self.kept.get(key)
    }

    pub(crate) fn insert(&self, key: Keyed<K>, entry: Arc<Entry<V>>) -> Displaced<K, V> {
        let mut evicted = Vec::new();
        // What is overwritten would be dropped under a lock.
        let overwritten = self.kept.peek(&key.probe());
        if let Some(former) = &overwritten {
            entry.inherits_heat(former);
        }
        self.kept.insert_with_lifecycle(key, entry, &mut evicted);
        Displaced {
            evicted,
            overwritten,
        }
    }

    pub(crate) fn remove(&self, key: &Probe<'_, K>) -> Displaced<K, V> {
        Displaced {
            evicted: self.kept.remove(key).into_iter().collect(),
            overwritten: None,
        }
    }

    /// Removes `entry`, unless it has been replaced.
    pub(crate) fn remove_entry(&self, key: &Probe<'_, K>, entry: &Arc<Entry<V>>) {
        drop(self.kept.remove_if(key, |kept| Arc::ptr_eq(kept, entry)));
    }

    /// Empties it. What comes meanwhile may stay.
    pub(crate) fn clear(&self) {
        self.kept.drain().for_each(drop);
    }

    pub(crate) fn keys(&self) -> Vec<K> {
        self.kept.iter().map(|(key, _)| key.key).collect()
    }

    /// Up to `most` keys, those first that were hit most.
    pub(crate) fn hottest(&self, most: usize) -> Vec<K> {
        let all = self.kept.iter();
        let mut all: Vec<_> = all
            .map(|(key, entry)| (Reverse(entry.heat()), key))
            .collect();
        if most < all.len() {
            all.select_nth_unstable_by_key(most, |(heat, _)| *heat);
            all.truncate(most);
        }
        all.sort_unstable_by_key(|(heat, _)| *heat);
        all.into_iter().map(|(_, key)| key.key).collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.kept.len()
    }

    pub(crate) fn weight(&self) -> u64 {
        self.kept.weight()
    }
}

/// Room is reserved for as many entries at the most; more grow it.
const MOST_EXPECTED: usize = 1 << 16;

impl<K: Key, V: Value> fmt::Debug for Shelf<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shelf")
            .field("entries", &self.len())
            .field("weight", &self.weight())
            .finish()
    }
}

#[derive(Clone, Copy, Debug)]
struct ByWeight;

impl<K, V> Weighter<Keyed<K>, Arc<Entry<V>>> for ByWeight {
    fn weight(&self, _: &Keyed<K>, entry: &Arc<Entry<V>>) -> u64 {
        entry.weight
    }
}

#[derive(Clone, Copy, Debug)]
struct HandedOut;

impl<K: Key, V: Value> Lifecycle<Keyed<K>, Arc<Entry<V>>> for HandedOut {
    type RequestState = Vec<(Keyed<K>, Arc<Entry<V>>)>;

    fn on_evict(&self, state: &mut Self::RequestState, key: Keyed<K>, entry: Arc<Entry<V>>) {
        state.push((key, entry));
    }
}
