//! Caches that a verifier could have.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher};
use std::sync::{Arc, PoisonError, RwLock};

use ahash::RandomState;
use auth_cache::token::MemoryTokenCache;
use auth_core::Identity;
use auth_core::verifier::{TokenCache, VerifierId};
use quick_cache::UnitWeighter;
use quick_cache::sync::{Cache as Quick, DefaultLifecycle};

use super::rig::Rig;

pub(super) const QUICK: &str = "verify_now over quick_cache";
pub(super) const MOKA: &str = "verify_now over moka";
pub(super) const SHARDS: &str = "verify_now over 64 maps in RwLocks";

/// All have room for as many.
const ROOM: usize = 20_000;

pub(super) fn ours() -> Arc<dyn TokenCache> {
    let room = std::num::NonZeroUsize::MIN.saturating_add(ROOM - 1);
    let builder = MemoryTokenCache::builder().with_max_entries(room);
    Arc::new(builder.with_max_bytes(1 << 30).build())
}

/// The others behind the port, each given the hash of a token's end, as ours
/// takes it.
pub(super) fn all() -> [(&'static str, Arc<dyn TokenCache>); 3] {
    let quick = Quick::with(
        ROOM,
        ROOM as u64,
        UnitWeighter,
        AsIs,
        DefaultLifecycle::default(),
    );
    let moka = moka::sync::Cache::builder().max_capacity(ROOM as u64);
    let shards = (0..64).map(|_| RwLock::default()).collect();
    let (hash, places) = (RandomState::new(), Places::Quick(quick));
    let over = |places, hash: &RandomState| -> Arc<dyn TokenCache> {
        Arc::new(Over {
            hash: hash.clone(),
            places,
        })
    };
    [
        (QUICK, over(places, &hash)),
        (
            MOKA,
            over(Places::Moka(moka.build_with_hasher(AsIs)), &hash),
        ),
        (SHARDS, over(Places::Shards(shards), &hash)),
    ]
}

/// By the whole token, in one thread.
pub(super) fn plain_map(rig: &Rig) -> impl Fn(&str) -> Option<Arc<Identity>> + use<> {
    let mut map: HashMap<Box<str>, Arc<Identity>, RandomState> = HashMap::default();
    for (token, identity) in rig.tokens.iter().zip(&*rig.identities) {
        map.insert(token.as_str().into(), identity.clone());
    }
    move |token: &str| map.get(token).cloned()
}

pub(super) fn quick_cache(rig: &Rig) -> impl Fn(&str) -> Option<Arc<Identity>> + use<> {
    let (weighter, hash) = (UnitWeighter, RandomState::new());
    let cache: Quick<Box<str>, Arc<Identity>, _, _> = Quick::with(
        ROOM,
        ROOM as u64,
        weighter,
        hash,
        DefaultLifecycle::default(),
    );
    for (token, identity) in rig.tokens.iter().zip(&*rig.identities) {
        cache.insert(token.as_str().into(), identity.clone());
    }
    move |token: &str| cache.get(token)
}

pub(super) fn moka(rig: &Rig) -> impl Fn(&str) -> Option<Arc<Identity>> + use<> {
    let cache = moka::sync::Cache::builder()
        .max_capacity(ROOM as u64)
        .build_with_hasher(RandomState::new());
    for (token, identity) in rig.tokens.iter().zip(&*rig.identities) {
        cache.insert(Arc::<str>::from(token.as_str()), identity.clone());
    }
    cache.run_pending_tasks();
    move |token: &str| cache.get(token)
}

type Shard = RwLock<HashMap<u64, Arc<Identity>, AsIs>>;

enum Places {
    Quick(Quick<u64, Arc<Identity>, UnitWeighter, AsIs>),
    Moka(moka::sync::Cache<u64, Arc<Identity>, AsIs>),
    Shards(Box<[Shard]>),
}

struct Over {
    hash: RandomState,
    places: Places,
}

impl std::fmt::Debug for Over {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Over")
    }
}

impl Over {
    fn hash(&self, token: &str) -> u64 {
        let bytes = token.as_bytes();
        let tail = bytes.last_chunk::<64>().map_or(bytes, |tail| tail);
        self.hash.hash_one(tail)
    }
}

fn shard(shards: &[Shard], hash: u64) -> &Shard {
    let place = usize::try_from(hash >> 58).unwrap_or(0);
    &shards[place]
}

impl TokenCache for Over {
    fn get(&self, _: VerifierId, token: &str) -> Option<Arc<Identity>> {
        let hash = self.hash(token);
        match &self.places {
            Places::Quick(cache) => cache.get(&hash),
            Places::Moka(cache) => cache.get(&hash),
            Places::Shards(shards) => {
                let shard = shard(shards, hash).read();
                shard
                    .unwrap_or_else(PoisonError::into_inner)
                    .get(&hash)
                    .cloned()
            }
        }
    }

    fn insert(&self, _: VerifierId, token: &str, identity: &Arc<Identity>) {
        let (hash, identity) = (self.hash(token), identity.clone());
        match &self.places {
            Places::Quick(cache) => cache.insert(hash, identity),
            Places::Moka(cache) => cache.insert(hash, identity),
            Places::Shards(shards) => {
                let shard = shard(shards, hash).write();
                shard
                    .unwrap_or_else(PoisonError::into_inner)
                    .insert(hash, identity);
            }
        }
    }

    fn remove(&self, _: VerifierId, _: &str, _: &Arc<Identity>) {}
}

/// Hands on the hash that a key is.
#[derive(Clone, Copy, Default)]
struct AsIs;

#[derive(Default)]
struct AsIsHasher(u64);

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

    fn write(&mut self, _: &[u8]) {}
}
