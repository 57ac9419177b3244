//! The stale-set race, live, over every way to a value: load the old one, change the
//! source, invalidate, let the load come in late. In one process, and in two over Redis
//! that load and fill beside each other.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use auth_cache::tier::{Json, MemoryTier, Tier};
use auth_cache::tiered::{Cache, CacheBuilder, Loaded, Tag, TtlClass, batch, each};
use auth_core::{ManualClock, Timestamp};
use tokio::task::yield_now;

use super::flaky::{Flaky, Health};
use super::racing::{Ground, Truth, with};

async fn get(cache: Cache<u8, u64>) -> Option<u64> {
    cache.get(&1).await.ok().flatten()
}

async fn forget(cache: Cache<u8, u64>) {
    cache.invalidate(&1).await.unwrap();
}

fn one_by_one(truth: &Truth) -> CacheBuilder<u8, u64> {
    as_read(truth, Some)
}

/// The truth is read, and is this.
fn as_read<T>(truth: &Truth, is: fn(u64) -> Option<T>) -> CacheBuilder<u8, u64>
where
    T: Into<Loaded<u64>> + Send + 'static,
{
    let truth = truth.clone();
    let load = move |_| {
        let truth = truth.clone();
        async move { Ok::<_, std::io::Error>(is(truth.read_slowly().await)) }
    };
    Cache::builder("race", each(load))
}

/// Reads key 1 and invalidates it, and expects nothing stale.
async fn race(ground: &Ground, truth: &Truth, cache: &Cache<u8, u64>) {
    let (read, invalidate) = (with(cache, get), with(cache, forget));
    let raced = ground.race(truth, read, invalidate).await;
    assert_eq!(raced.stale, 0);
    let stats = cache.stats();
    assert!(
        stats.loads + stats.tier_hits >= raced.rounds / 2,
        "{stats:?}"
    );
}

/// Each a test, wherever it can be run.
macro_rules! paths {
    ($($path:ident)*) => {
        mod nothing_stale {
            use super::super::racing::Ground;

            $(#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
            async fn $path() {
                super::$path(&Ground::memory(stringify!($path))).await;
            })*
        }

        #[cfg(feature = "redis")]
        mod nothing_stale_over_redis {
            use super::super::racing::Ground;

            $(#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
            async fn $path() {
                super::$path(&Ground::redis(stringify!($path)).await).await;
            })*
        }
    };
}

paths! {
    by_get
    without_single_flight
    by_get_by_and_peek
    by_batches
    by_early_refresh
    by_stale_while_revalidate
    by_stale_if_error
    by_a_tag_of_the_key
    by_a_tag_that_came_with_the_load
    by_clearing
    by_warming_up
    by_writing_through
    by_negative_entries
}

async fn by_get(ground: &Ground) {
    let truth = Truth::default();
    let cache = ground.cache(|| one_by_one(&truth)).await;
    race(ground, &truth, &cache).await;
}

async fn without_single_flight(ground: &Ground) {
    let truth = Truth::default();
    let build = || one_by_one(&truth).without_single_flight();
    let cache = ground.cache(build).await;
    race(ground, &truth, &cache).await;
}

async fn by_get_by_and_peek(ground: &Ground) {
    let truth = Truth::default();
    let cache = ground.cache(|| one_by_one(&truth)).await;
    let read = with(&cache, async |cache: Cache<u8, u64>| {
        let before = cache.peek(&1);
        let by = cache.deadline(Duration::from_secs(60));
        let found = cache.get_by(&1, by).await.unwrap().value;
        before.or(found)
    });
    let raced = ground.race(&truth, read, with(&cache, forget)).await;
    assert_eq!(raced.stale, 0);
}

async fn by_batches(ground: &Ground) {
    let truth = Truth::default();
    let build = || {
        let truth = truth.clone();
        let load = move |keys: Vec<u8>| {
            let truth = truth.clone();
            async move {
                let read = truth.read_slowly().await;
                Ok::<_, std::io::Error>(vec![Some(read); keys.len()])
            }
        };
        Cache::builder("race", batch(load))
    };
    let cache = ground.cache(build).await;
    let read = with(&cache, async |cache: Cache<u8, u64>| {
        let by = cache.deadline(Duration::from_secs(60));
        let found = cache.get_many(&[1, 2, 3], by).await;
        found.into_iter().filter_map(|it| it.unwrap().value).min()
    });
    let invalidate = with(&cache, async |cache: Cache<u8, u64>| {
        for key in [3, 2, 1] {
            cache.invalidate(&key).await.unwrap();
        }
    });
    assert_eq!(ground.race(&truth, read, invalidate).await.stale, 0);
}

async fn by_early_refresh(ground: &Ground) {
    let truth = Truth::default();
    // So early that every hit refreshes, once a second by a clock that jumps.
    let clock = Arc::new(ManualClock::at(Timestamp::from_unix_seconds(0)));
    let build = || {
        let (truth, ticking) = (truth.clone(), Arc::clone(&clock));
        let load = move |_| {
            let (truth, clock) = (truth.clone(), Arc::clone(&ticking));
            async move {
                let read = truth.read_slowly().await;
                clock.advance(Duration::from_secs(1));
                Ok::<_, std::io::Error>(Some(read))
            }
        };
        Cache::builder("race", each(load))
            .with_early_refresh(1_000.0)
            .with_load_deadline(Duration::from_secs(1 << 40))
            .with_clock(clock.clone())
    };
    let cache = ground.cache(build).await;
    race(ground, &truth, &cache).await;
    assert!(cache.stats().early_refreshes > 0);
}

type Expiring = (Cache<u8, u64>, Arc<ManualClock>);

/// Reads what has expired by the next read: the clock moves by more than its life.
async fn get_later((cache, clock): Expiring) -> Option<u64> {
    clock.advance(Duration::from_secs(31));
    get(cache).await
}

async fn by_stale_while_revalidate(ground: &Ground) {
    let truth = Truth::default();
    let clock = Arc::new(ManualClock::at(Timestamp::from_unix_seconds(0)));
    let build = || {
        one_by_one(&truth)
            .with_ttl(TtlClass::Short)
            .with_stale_while_revalidate(Duration::from_secs(600))
            .with_load_deadline(Duration::from_secs(1 << 40))
            .with_clock(clock.clone())
    };
    let cache = ground.cache_that_outlives(build).await;
    let read = with(&(cache.clone(), clock), get_later);
    let raced = ground.race(&truth, read, with(&cache, forget)).await;
    assert_eq!(raced.stale, 0);
    assert!(cache.stats().stale_served > 0);
}

async fn by_stale_if_error(ground: &Ground) {
    let truth = Truth::default();
    let clock = Arc::new(ManualClock::at(Timestamp::from_unix_seconds(0)));
    let calls = Arc::new(AtomicU64::new(0));
    let build = || {
        let (truth, calls) = (truth.clone(), Arc::clone(&calls));
        let load = move |_| {
            let (truth, calls) = (truth.clone(), Arc::clone(&calls));
            async move {
                let read = truth.read_slowly().await;
                match calls.fetch_add(1, Ordering::SeqCst) % 3 {
                    0 => Ok(Some(read)),
                    _ => Err("the source is down"),
                }
            }
        };
        Cache::builder("race", each(load))
            .with_ttl(TtlClass::Short)
            .with_stale_if_error(Duration::from_secs(1 << 30))
            .with_load_deadline(Duration::from_secs(1 << 40))
            .with_clock(clock.clone())
    };
    let cache = ground.cache_that_outlives(build).await;
    let read = with(&(cache.clone(), clock), get_later);
    let raced = ground.race(&truth, read, with(&cache, forget)).await;
    assert_eq!(raced.stale, 0);
    assert!(cache.stats().stale_if_error_served > 0);
}

async fn forget_tag(cache: Cache<u8, u64>) {
    cache.invalidate_tag(&Tag::new("all")).await.unwrap();
}

async fn by_a_tag_of_the_key(ground: &Ground) {
    let truth = Truth::default();
    let build = || one_by_one(&truth).with_tags(|_| vec![Tag::new("all")]);
    let cache = ground.cache(build).await;
    let raced = ground.race(&truth, with(&cache, get), with(&cache, forget_tag));
    assert_eq!(raced.await.stale, 0);
}

async fn by_a_tag_that_came_with_the_load(ground: &Ground) {
    let truth = Truth::default();
    let tagged = |read| Some(Loaded::new(read).with_tag(Tag::new("all")));
    let cache = ground.cache(|| as_read(&truth, tagged)).await;
    let raced = ground.race(&truth, with(&cache, get), with(&cache, forget_tag));
    assert_eq!(raced.await.stale, 0);
}

async fn by_clearing(ground: &Ground) {
    let truth = Truth::default();
    let cache = ground.cache(|| one_by_one(&truth)).await;
    let invalidate = with(&cache, async |cache: Cache<u8, u64>| {
        cache.clear().await.unwrap();
    });
    let raced = ground.race(&truth, with(&cache, get), invalidate).await;
    assert_eq!(raced.stale, 0);
}

async fn by_warming_up(ground: &Ground) {
    let truth = Truth::default();
    let cache = ground.cache(|| one_by_one(&truth)).await;
    let read = with(&cache, async |cache: Cache<u8, u64>| {
        cache.warm_up([1]).await;
        cache.peek(&1)
    });
    let raced = ground.race(&truth, read, with(&cache, forget)).await;
    assert_eq!(raced.stale, 0);
}

async fn by_writing_through(ground: &Ground) {
    let truth = Truth::default();
    let cache = ground.cache(|| one_by_one(&truth)).await;
    // The truth was changed already; the write says so.
    let both = (cache.clone(), truth.clone());
    let invalidate = with(&both, async |(cache, truth): (Cache<u8, u64>, Truth)| {
        let write = async {
            yield_now().await;
            Ok::<_, std::io::Error>(truth.read())
        };
        drop(cache.write(&1, write).await.unwrap());
    });
    let raced = ground.race(&truth, with(&cache, get), invalidate).await;
    assert_eq!(raced.stale, 0);
    assert!(cache.stats().written_through > 0);
}

/// At even numbers there is no such thing.
async fn by_negative_entries(ground: &Ground) {
    let truth = Truth::default();
    let odd = |read| (read % 2 == 1).then_some(read);
    let cache = ground.cache(|| as_read(&truth, odd)).await;
    let announced = Arc::new(AtomicU64::new(0));
    let all = (cache.clone(), truth.clone(), announced);
    let read = with(&all, async |(cache, truth, announced): Announced| {
        let least = announced.load(Ordering::SeqCst);
        let found = cache.get(&1).await.unwrap();
        // Only if nothing has changed since is it known what it should be.
        let is_known = truth.read() == least;
        let is_right = found == (least % 2 == 1).then_some(least);
        is_known.then_some(if is_right { least } else { 0 })
    });
    let invalidate = with(&all, async |(cache, truth, announced): Announced| {
        let least = truth.read();
        cache.invalidate(&1).await.unwrap();
        announced.store(least, Ordering::SeqCst);
    });
    assert_eq!(ground.race(&truth, read, invalidate).await.stale, 0);
    assert!(cache.stats().negative_hits > 0);
}

type Announced = (Cache<u8, u64>, Truth, Arc<AtomicU64>);

/// The control: the same race, in the same harness, against a cache whose loads know
/// nothing of invalidations.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn the_control_serves_stale_values_in_this_race() {
    let truth = Truth::default();
    let cache: moka::future::Cache<u8, u64> = moka::future::Cache::new(1_000);
    let both = (cache.clone(), truth.clone());
    let read = with(&both, async |(cache, truth): Control| {
        let load = async move { truth.read_slowly().await };
        Some(cache.get_with(1, load).await)
    });
    let invalidate = with(&both, async |(cache, _): Control| {
        cache.invalidate(&1).await;
    });
    let ground = Ground::memory("the control");
    let raced = ground.race(&truth, read, invalidate).await;
    assert!(raced.stale > 0, "the race is not found by this harness");
}

type Control = (moka::future::Cache<u8, u64>, Truth);

/// The control again, step by step: it keeps the old value for good.
#[tokio::test]
async fn the_control_keeps_what_was_invalidated_during_its_load() {
    let cache: moka::future::Cache<u8, u64> = moka::future::Cache::new(1_000);
    let (go_on, wait) = tokio::sync::oneshot::channel::<()>();
    let loading = cache.clone();
    let load = tokio::spawn(async move {
        let load = async {
            let _ = wait.await;
            1
        };
        loading.get_with(1, load).await
    });
    yield_now().await;
    cache.invalidate(&1).await;
    go_on.send(()).unwrap();
    assert_eq!(load.await.unwrap(), 1);
    assert_eq!(
        cache.get(&1).await,
        Some(1),
        "invalidated, and still served"
    );
}

type Both = (Cache<u8, u64>, Cache<u8, u64>);

/// The process that invalidates sees no old value, whether its tier is well, forgets
/// what it is told, or fails.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn nothing_stale_over_a_tier() {
    for health in [Health::Well, Health::Fails, Health::LosesAnswers] {
        let truth = Truth::default();
        let memory = MemoryTier::new();
        let flaky = Flaky::new(memory.handle());
        let shared = |tier: Arc<dyn Tier>| {
            let builder = one_by_one(&truth).with_tier(tier, Json::new(1));
            builder.with_untailed_age(Duration::from_secs(60))
        };
        let cache = shared(Arc::new(flaky.clone())).build().unwrap();
        // Another process that loads and fills.
        let other = shared(Arc::new(memory.handle())).build().unwrap();
        let both = (cache.clone(), other);
        let read = with(&both, async |(cache, other): Both| {
            let elsewhere = tokio::spawn(get(other));
            let found = get(cache).await;
            let _ = elsewhere.await;
            found
        });
        let invalidate = with(
            &(cache, flaky, health),
            async |(cache, flaky, health): (Cache<u8, u64>, Flaky, Health)| {
                flaky.is(health);
                // It may not have been told, and is then not asked.
                let _ = cache.invalidate(&1).await;
                flaky.is(Health::Well);
            },
        );
        let ground = Ground::memory(&format!("over a tier: {health:?}"));
        let raced = ground.race(&truth, read, invalidate).await;
        assert_eq!(raced.stale, 0, "{health:?}");
    }
}
