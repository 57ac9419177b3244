//! Keys that are hashed once.

use std::hash::{BuildHasher, Hash, Hasher, RandomState};

use quick_cache::Equivalent;

/// What a cache is asked for. Keys are cloned on a miss: long ones are better
/// kept behind an `Arc`.
pub trait Key: Eq + Hash + Clone + Send + Sync + 'static {}

impl<K: Eq + Hash + Clone + Send + Sync + 'static> Key for K {}

/// What a cache answers. Values are cloned on a hit: large ones are better kept
/// behind an `Arc`.
pub trait Value: Clone + Send + Sync + 'static {}

impl<V: Clone + Send + Sync + 'static> Value for V {}

/// A key with its hash. The hash is std's keyed one: strangers choose keys, and
/// must not be able to choose them into one stripe or bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Keyed<K> {
    pub(crate) hash: u64,
    pub(crate) key: K,
}

/// A borrowed key with its hash, to look up by.
#[derive(Debug)]
pub(crate) struct Probe<'a, K> {
    pub(crate) hash: u64,
    pub(crate) key: &'a K,
}

impl<'a, K: Hash> Probe<'a, K> {
    pub(crate) fn new(state: &RandomState, key: &'a K) -> Self {
        Self {
            hash: state.hash_one(key),
            key,
        }
    }
}

impl<K: Clone> Probe<'_, K> {
    pub(crate) fn to_keyed(&self) -> Keyed<K> {
        Keyed {
            hash: self.hash,
            key: self.key.clone(),
        }
    }
}

impl<K> Keyed<K> {
    pub(crate) fn probe(&self) -> Probe<'_, K> {
        Probe {
            hash: self.hash,
            key: &self.key,
        }
    }
}

impl<K> Hash for Keyed<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl<K> Hash for Probe<'_, K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl<K: Eq> Equivalent<Keyed<K>> for Probe<'_, K> {
    fn equivalent(&self, other: &Keyed<K>) -> bool {
        self.hash == other.hash && *self.key == other.key
    }
}

/// Hands on the hash that a key brings along.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct AsIs;

#[derive(Debug, Default)]
pub(crate) struct AsIsHasher(u64);

impl BuildHasher for AsIs {
    type Hasher = AsIsHasher;

    fn build_hasher(&self) -> AsIsHasher {
        AsIsHasher::default()
    }
}

impl Hasher for AsIsHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    /// Nothing but a `u64` is ever hashed by it; whatever else came would still
    /// be spread.
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

/// A stripe of `count`, a power of two, by the hash's upper half: the lower one
/// picks buckets.
pub(crate) fn stripe(hash: u64, count: usize) -> usize {
    debug_assert!(count.is_power_of_two());
    let bits = (hash >> 32) as usize;
    bits & (count - 1)
}
