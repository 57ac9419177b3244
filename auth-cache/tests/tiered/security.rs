//! Values that decide who may do what.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use auth_cache::tier::{Json, MemoryTier};
use auth_cache::tiered::{Cache, CacheBuilder, Floors, Origin, SecurityState, TtlClass, each};
use auth_core::revocation::{Anchor, Revocation, RevocationView, Target};
use auth_core::{Monotonic, TenantId, Timestamp, UserId};

use super::support::{TokioClock, millis, pass, seconds, settle};

const TENANT: TenantId = TenantId::DEFAULT;

fn user() -> UserId {
    "018f0000-0000-7000-8000-000000000001".parse().unwrap()
}

/// The roles of the user, as of a version.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
struct Roles {
    version: i64,
}

impl SecurityState for Roles {
    fn anchors(&self) -> impl Iterator<Item = Anchor> {
        let (tenant, user, version) = (TENANT, user(), self.version);
        [Anchor::User {
            tenant,
            user,
            version,
        }]
        .into_iter()
    }
}

/// Where the roles are from.
#[derive(Clone, Default)]
struct Store(Arc<Row>);

#[derive(Default)]
struct Row {
    version: AtomicI64,
    is_down: AtomicBool,
    reads: AtomicUsize,
}

impl Store {
    fn builder(&self, floors: Arc<dyn Floors>) -> CacheBuilder<u8, Roles> {
        let store = self.clone();
        let load = move |_: u8| {
            let store = store.clone();
            async move {
                store.0.reads.fetch_add(1, Ordering::SeqCst);
                if store.0.is_down.load(Ordering::SeqCst) {
                    return Err("the store is down");
                }
                let version = store.0.version.load(Ordering::SeqCst);
                Ok(Some(Roles { version }))
            }
        };
        Cache::builder("roles", each(load))
            .with_clock(Arc::new(TokioClock::default()))
            .without_jitter()
            .without_early_refresh()
            .with_revocations(floors)
    }

    fn reads(&self) -> usize {
        self.0.reads.load(Ordering::SeqCst)
    }
}

fn raise(view: &RevocationView, floor: i64) {
    let (tenant, user) = (TENANT, user());
    let now = Timestamp::from_unix_seconds(1_800_000_000);
    let revocation = Revocation {
        target: Target::User {
            tenant,
            user,
            floor,
        },
        expires_at: now + seconds(420),
    };
    view.raise(&revocation, now);
}

#[tokio::test(start_paused = true)]
async fn what_is_revoked_is_not_served_from_the_same_instant_on() {
    let (store, view) = (Store::default(), RevocationView::new());
    let cache = store.builder(Arc::new(view.clone())).build().unwrap();
    for _ in 0..3 {
        let found = cache.get(&1).await.unwrap().unwrap();
        assert_eq!(found.version, 0);
    }
    store.0.version.store(1, Ordering::SeqCst);
    raise(&view, 1);
    assert_eq!(cache.peek(&1), None);
    assert_eq!(cache.get(&1).await.unwrap(), Some(Roles { version: 1 }));
    assert_eq!((store.reads(), cache.stats().revoked), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn if_the_source_still_says_what_is_revoked_the_answer_is_no() {
    let (store, view) = (Store::default(), RevocationView::new());
    let cache = store.builder(Arc::new(view.clone())).build().unwrap();
    raise(&view, 1);
    for reads in 1..=2 {
        assert_eq!(cache.get(&1).await.unwrap(), None);
        assert_eq!(store.reads(), reads, "it is no negative entry either");
    }
}

#[tokio::test(start_paused = true)]
async fn it_lives_for_a_minute_from_when_its_load_began_whatever_else_was_asked_for() {
    let (store, floors) = (Store::default(), Arc::new(Known::default()));
    floors.is_live.store(true, Ordering::SeqCst);
    let builder = store.builder(floors).with_ttl(TtlClass::Long);
    let builder = builder.with_adaptive_ttl();
    let builder = builder.with_stale_if_error(seconds(600));
    let builder = builder.with_stale_while_revalidate(seconds(600));
    let cache = builder.build().unwrap();
    cache.get(&1).await.unwrap();
    store.0.is_down.store(true, Ordering::SeqCst);
    pass(millis(59_999)).await;
    assert!(cache.get(&1).await.is_ok());
    pass(millis(1)).await;
    assert!(cache.get(&1).await.is_err());
}

/// Also in a process that is younger than the value, and that gets it from the tier.
#[tokio::test(start_paused = true)]
async fn it_lives_for_a_minute_in_both_levels() {
    let store = Store::default();
    let tier = MemoryTier::with_clock(Arc::new(TokioClock::default()));
    let floors = Arc::new(Known::default());
    floors.is_live.store(true, Ordering::SeqCst);
    let process = || {
        let builder = store.builder(floors.clone()).with_ttl(TtlClass::Long);
        let builder = builder.with_stale_if_error(seconds(600));
        let tier = Arc::new(tier.handle());
        let cache = builder.with_tier(tier, Json::new(1)).build().unwrap();
        async move {
            settle().await;
            cache
        }
    };
    let one = process().await;
    one.get(&1).await.unwrap();
    pass(seconds(40)).await;
    let other = process().await;
    let by = other.deadline(seconds(1));
    let found = other.get_by(&1, by).await.unwrap();
    assert_eq!((found.origin, found.age), (Origin::Tier, seconds(40)));
    store.0.is_down.store(true, Ordering::SeqCst);
    pass(millis(19_999)).await;
    assert!(other.get(&1).await.is_ok());
    pass(millis(1)).await;
    for cache in [one, other, process().await] {
        assert!(cache.get(&1).await.is_err());
    }
}

#[tokio::test(start_paused = true)]
async fn it_is_served_stale_only_while_revocations_are_known() {
    let (store, floors) = (Store::default(), Arc::new(Known::default()));
    let builder = store.builder(floors.clone()).with_ttl(TtlClass::Short);
    let cache = builder.with_stale_if_error(seconds(600)).build().unwrap();
    cache.get(&1).await.unwrap();
    store.0.is_down.store(true, Ordering::SeqCst);
    pass(seconds(31)).await;
    assert!(cache.get(&1).await.is_err(), "the lease is over");
    floors.is_live.store(true, Ordering::SeqCst);
    let by = cache.deadline(seconds(1));
    let found = cache.get_by(&1, by).await.unwrap();
    assert_eq!(found.origin, Origin::StaleIfError);
    floors.revoke(0);
    assert!(cache.get(&1).await.is_err(), "it is revoked");
}

#[tokio::test(start_paused = true)]
async fn while_nothing_new_is_revoked_the_floors_are_not_looked_up() {
    let (store, floors) = (Store::default(), Arc::new(Known::default()));
    let cache = store.builder(floors.clone()).build().unwrap();
    for _ in 0..10 {
        cache.get(&1).await.unwrap();
    }
    assert_eq!(floors.asked.load(Ordering::SeqCst), 1);
    floors.revoke(7);
    for _ in 0..10 {
        cache.get(&1).await.unwrap();
    }
    assert_eq!(floors.asked.load(Ordering::SeqCst), 2);
}

/// Floors with a lease, as a follower keeps it.
#[derive(Debug, Default)]
struct Known {
    is_live: AtomicBool,
    generation: AtomicU64,
    revoked: Mutex<HashSet<i64>>,
    asked: AtomicUsize,
}

impl Known {
    fn revoke(&self, version: i64) {
        self.revoked.lock().unwrap().insert(version);
        self.generation.fetch_add(1, Ordering::SeqCst);
    }
}

impl Floors for Known {
    fn generation(&self) -> u64 {
        self.generation.load(Ordering::SeqCst)
    }

    fn revokes(&self, anchor: &Anchor) -> bool {
        self.asked.fetch_add(1, Ordering::SeqCst);
        match anchor {
            Anchor::User { version, .. } => self.revoked.lock().unwrap().contains(version),
            _ => false,
        }
    }

    fn is_live(&self, _now: Monotonic) -> bool {
        self.is_live.load(Ordering::SeqCst)
    }
}
