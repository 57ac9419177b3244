//! The stale-set race, live, over every way to a value: load the old one, change the
//! source, invalidate, let the load come in late.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use auth_cache::tier::{Json, MemoryTier, Tier};
use auth_cache::tiered::{Cache, CacheBuilder, Loaded, Tag, TtlClass, batch, each};
use auth_core::{ManualClock, Timestamp};
use tokio::task::yield_now;

use super::flaky::{Flaky, Health};
use super::racing::{Truth, rounds, stale_reads, with};

async fn get(cache: Cache<u8, u64>) -> Option<u64> {
    cache.get(&1).await.ok().flatten()
}

async fn forget(cache: Cache<u8, u64>) {
    cache.invalidate(&1).await.unwrap();
}

fn one_by_one(truth: &Truth) -> CacheBuilder<u8, u64> {
    let truth = truth.clone();
    let load = move |_| {
        let truth = truth.clone();
        async move { Ok::<_, std::io::Error>(Some(truth.read_slowly().await)) }
    };
    Cache::builder("race", each(load))
}

/// Reads key 1 and invalidates it, and expects nothing stale.
async fn race(truth: &Truth, cache: Cache<u8, u64>) {
    let read = with(&cache, get);
    let invalidate = with(&cache, forget);
    assert_eq!(stale_reads(truth, read, invalidate).await, 0);
    let stats = cache.stats();
    assert!(stats.loads >= rounds() / 2, "{stats:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn nothing_stale_by_get() {
    let truth = Truth::default();
    race(&truth, one_by_one(&truth).build().unwrap()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn nothing_stale_without_single_flight() {
    let truth = Truth::default();
    let cache = one_by_one(&truth).without_single_flight();
    race(&truth, cache.build().unwrap()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn nothing_stale_by_get_by_and_peek() {
    let truth = Truth::default();
    let cache = one_by_one(&truth).build().unwrap();
    let read = with(&cache, async |cache: Cache<u8, u64>| {
        let before = cache.peek(&1);
        let by = cache.deadline(Duration::from_secs(60));
        let found = cache.get_by(&1, by).await.unwrap().value;
        before.or(found)
    });
    let invalidate = with(&cache, forget);
    assert_eq!(stale_reads(&truth, read, invalidate).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn nothing_stale_by_batches() {
    let truth = Truth::default();
    let asked = truth.clone();
    let load = move |keys: Vec<u8>| {
        let truth = asked.clone();
        async move {
            let read = truth.read_slowly().await;
            Ok::<_, std::io::Error>(vec![Some(read); keys.len()])
        }
    };
    let cache = Cache::<u8, u64>::builder("race", batch(load))
        .build()
        .unwrap();
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
    assert_eq!(stale_reads(&truth, read, invalidate).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn nothing_stale_by_early_refresh() {
    let truth = Truth::default();
    // So early that every hit refreshes, once a second by a clock that jumps.
    let clock = Arc::new(ManualClock::at(Timestamp::from_unix_seconds(0)));
    let ticking = Arc::clone(&clock);
    let asked = truth.clone();
    let load = move |_| {
        let (truth, clock) = (asked.clone(), Arc::clone(&ticking));
        async move {
            let read = truth.read_slowly().await;
            clock.advance(Duration::from_secs(1));
            Ok::<_, std::io::Error>(Some(read))
        }
    };
    let cache = Cache::<u8, u64>::builder("race", each(load))
        .with_early_refresh(1_000.0)
        .with_load_deadline(Duration::from_secs(1 << 40))
        .with_clock(clock)
        .build()
        .unwrap();
    race(&truth, cache.clone()).await;
    assert!(cache.stats().early_refreshes > 0);
}

type Expiring = (Cache<u8, u64>, Arc<ManualClock>);

/// Values that expire by a clock that moves with every read.
fn expiring(truth: &Truth) -> (CacheBuilder<u8, u64>, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::at(Timestamp::from_unix_seconds(0)));
    let builder = one_by_one(truth)
        .with_ttl(TtlClass::Short)
        .with_load_deadline(Duration::from_secs(1 << 40))
        .with_clock(clock.clone());
    (builder, clock)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn nothing_stale_by_stale_while_revalidate() {
    let truth = Truth::default();
    let (builder, clock) = expiring(&truth);
    let builder = builder.with_stale_while_revalidate(Duration::from_secs(600));
    let cache = builder.build().unwrap();
    let read = with(&(cache.clone(), clock), async |(cache, clock): Expiring| {
        clock.advance(Duration::from_secs(7));
        get(cache).await
    });
    let invalidate = with(&cache, forget);
    assert_eq!(stale_reads(&truth, read, invalidate).await, 0);
    assert!(cache.stats().stale_served > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn nothing_stale_by_stale_if_error() {
    let truth = Truth::default();
    let clock = Arc::new(ManualClock::at(Timestamp::from_unix_seconds(0)));
    let (asked, calls) = (truth.clone(), Arc::new(AtomicU64::new(0)));
    let load = move |_| {
        let (truth, calls) = (asked.clone(), Arc::clone(&calls));
        async move {
            let read = truth.read_slowly().await;
            match calls.fetch_add(1, Ordering::SeqCst) % 3 {
                0 => Ok(Some(read)),
                _ => Err("the source is down"),
            }
        }
    };
    let cache = Cache::<u8, u64>::builder("race", each(load))
        .with_ttl(TtlClass::Short)
        .with_stale_if_error(Duration::from_secs(1 << 30))
        .with_load_deadline(Duration::from_secs(1 << 40))
        .with_clock(clock.clone())
        .build()
        .unwrap();
    let read = with(&(cache.clone(), clock), async |(cache, clock): Expiring| {
        clock.advance(Duration::from_secs(7));
        get(cache).await
    });
    let invalidate = with(&cache, forget);
    assert_eq!(stale_reads(&truth, read, invalidate).await, 0);
    assert!(cache.stats().stale_if_error_served > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn nothing_stale_by_a_tag_that_came_with_the_load() {
    let truth = Truth::default();
    let asked = truth.clone();
    let load = move |_| {
        let truth = asked.clone();
        async move {
            let read = truth.read_slowly().await;
            Ok::<_, std::io::Error>(Some(Loaded::new(read).with_tag(Tag::new("all"))))
        }
    };
    let cache = Cache::<u8, u64>::builder("race", each(load))
        .build()
        .unwrap();
    let read = with(&cache, get);
    let invalidate = with(&cache, async |cache: Cache<u8, u64>| {
        cache.invalidate_tag(&Tag::new("all")).await.unwrap();
    });
    assert_eq!(stale_reads(&truth, read, invalidate).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn nothing_stale_by_clearing() {
    let truth = Truth::default();
    let cache = one_by_one(&truth).build().unwrap();
    let read = with(&cache, get);
    let invalidate = with(&cache, async |cache: Cache<u8, u64>| {
        cache.clear().await.unwrap();
    });
    assert_eq!(stale_reads(&truth, read, invalidate).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn nothing_stale_by_warming_up() {
    let truth = Truth::default();
    let cache = one_by_one(&truth).build().unwrap();
    let read = with(&cache, async |cache: Cache<u8, u64>| {
        cache.warm_up([1]).await;
        cache.peek(&1)
    });
    let invalidate = with(&cache, forget);
    assert_eq!(stale_reads(&truth, read, invalidate).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn nothing_stale_by_writing_through() {
    let truth = Truth::default();
    let cache = one_by_one(&truth).build().unwrap();
    let read = with(&cache, get);
    // The truth was changed already; the write says so.
    let both = (cache.clone(), truth.clone());
    let invalidate = with(&both, async |(cache, truth): (Cache<u8, u64>, Truth)| {
        let write = async {
            yield_now().await;
            Ok::<_, std::io::Error>(truth.read())
        };
        drop(cache.write(&1, write).await.unwrap());
    });
    assert_eq!(stale_reads(&truth, read, invalidate).await, 0);
    assert!(cache.stats().written_through > 0);
}

/// At even numbers there is no such thing.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn nothing_stale_by_negative_entries() {
    let truth = Truth::default();
    let asked = truth.clone();
    let load = move |_| {
        let truth = asked.clone();
        async move {
            let read = truth.read_slowly().await;
            Ok::<_, std::io::Error>((read % 2 == 1).then_some(read))
        }
    };
    let cache = Cache::<u8, u64>::builder("race", each(load))
        .build()
        .unwrap();
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
    assert_eq!(stale_reads(&truth, read, invalidate).await, 0);
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
    let stale = stale_reads(&truth, read, invalidate).await;
    assert!(stale > 0, "the race is not found by this harness");
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
        assert_eq!(stale_reads(&truth, read, invalidate).await, 0, "{health:?}");
    }
}
