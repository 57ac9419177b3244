//! Caches on top: several processes, one Redis, and what happens to it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use auth_cache::redis::RedisLink;
use auth_cache::tier::Compact;
use auth_cache::tier::redis::RedisTier;
use auth_cache::tiered::{Cache, Origin, Tag, each};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::support::{World, eventually};

type Numbers = Cache<u32, u64>;

/// What the source has: of each key the same number.
#[derive(Clone, Default)]
struct Truth {
    number: Arc<AtomicU64>,
    loads: Arc<AtomicU64>,
}

impl Truth {
    fn cache(&self, tier: Arc<RedisTier>) -> Numbers {
        let truth = self.clone();
        let load = move |_| {
            let truth = truth.clone();
            async move {
                truth.loads.fetch_add(1, Ordering::SeqCst);
                let number = truth.number.load(Ordering::SeqCst);
                sleep(Duration::from_millis(5)).await;
                Ok::<_, std::io::Error>(Some(number))
            }
        };
        Cache::builder("numbers", each(load))
            .with_tier(tier, Compact::new(1))
            .with_tags(|_| vec![Tag::new("all")])
            .build()
            .unwrap()
    }
}

async fn hears(cache: &Numbers) {
    eventually(|| async { cache.stats().hears == Some(true) }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_processes_that_miss_one_key_load_it_once() {
    let world = World::start().await;
    let truth = Truth::default();
    let caches: Vec<_> = (0..3).map(|_| truth.cache(world.process())).collect();
    for cache in &caches {
        hears(cache).await;
    }
    for round in 1..=20_u32 {
        let mut tasks = JoinSet::new();
        for cache in &caches {
            for _ in 0..50 {
                let cache = cache.clone();
                tasks.spawn(async move { cache.get(&round).await.unwrap() });
            }
        }
        while let Some(found) = tasks.join_next().await {
            assert_eq!(found.unwrap(), Some(0));
        }
        assert_eq!(truth.loads.load(Ordering::SeqCst), u64::from(round));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_process_invalidates_no_other_serves() {
    let world = World::start().await;
    let truth = Truth::default();
    let (one, other) = (truth.cache(world.process()), truth.cache(world.process()));
    hears(&one).await;
    hears(&other).await;
    for round in 0..60_u64 {
        let (tag, key) = (Tag::new("all"), 1);
        assert_eq!(other.get(&key).await.unwrap(), Some(round));
        truth.number.store(round + 1, Ordering::SeqCst);
        match round % 3 {
            0 => one.invalidate(&key).await.unwrap(),
            1 => one.invalidate_tag(&tag).await.unwrap(),
            _ => one.clear().await.unwrap(),
        }
        assert_eq!(one.get(&key).await.unwrap(), Some(round + 1));
        // In memory until it hears of it.
        eventually(|| async { other.peek(&key) != Some(round) }).await;
    }
}

/// What a process has invalidated it does not serve, whatever Redis does meanwhile; what
/// others have, no longer than it takes to notice that nothing is heard. Nobody is
/// refused an answer, as there is a source.
#[tokio::test(flavor = "multi_thread")]
async fn f02_a_redis_that_freezes_and_dies_makes_nobody_serve_what_was_invalidated() {
    let mut world = World::start().await;
    let truth = Truth::default();
    let (url, root) = (world.server.url(), world.root.clone());
    let quick = move || {
        let link = RedisLink::single(&url).unwrap().build().unwrap();
        let tier = RedisTier::builder(link, root.clone()).build();
        Arc::new(tier.unwrap())
    };
    let (one, other) = (truth.cache(quick()), truth.cache(quick()));
    hears(&one).await;
    hears(&other).await;
    let stop = Arc::new(AtomicU64::new(0));
    let writer = tokio::spawn({
        let (truth, one, stop) = (truth.clone(), one.clone(), Arc::clone(&stop));
        async move {
            let mut failed = 0_u64;
            while stop.load(Ordering::SeqCst) == 0 {
                let number = truth.number.fetch_add(1, Ordering::SeqCst) + 1;
                let told = if number % 2 == 0 {
                    one.invalidate(&1).await
                } else {
                    one.invalidate_tag(&Tag::new("all")).await
                };
                failed += u64::from(told.is_err());
                let found = one.get(&1).await.unwrap().unwrap();
                assert!(found >= number, "{found} after {number}");
                sleep(Duration::from_millis(2)).await;
            }
            failed
        }
    });
    let reader = tokio::spawn({
        let (truth, other, stop) = (truth.clone(), other.clone(), Arc::clone(&stop));
        async move {
            // What the truth was, every 10 ms, for the last 10 s.
            let mut before = std::collections::VecDeque::from([0; 1000]);
            while stop.load(Ordering::SeqCst) == 0 {
                let found = other.get(&1).await.unwrap().unwrap();
                let oldest = before.pop_front().unwrap();
                assert!(found >= oldest, "{found}, which was over at {oldest}");
                before.push_back(truth.number.load(Ordering::SeqCst));
                sleep(Duration::from_millis(10)).await;
            }
        }
    });
    for _ in 0..2 {
        sleep(Duration::from_millis(500)).await;
        world.server.freeze().unwrap();
        sleep(Duration::from_millis(2_500)).await;
        world.server.thaw().unwrap();
        sleep(Duration::from_millis(1_500)).await;
        world.server.kill_9().unwrap();
        sleep(Duration::from_millis(1_500)).await;
        world.server.restart().await.unwrap();
    }
    eventually(|| async { other.stats().hears == Some(true) && one.stats().hears == Some(true) })
        .await;
    sleep(Duration::from_millis(500)).await;
    stop.store(1, Ordering::SeqCst);
    assert!(
        writer.await.unwrap() > 0,
        "it was an error while nobody could be told"
    );
    reader.await.unwrap();
    let last = truth.number.load(Ordering::SeqCst);
    // Told at last, and of use again.
    eventually(|| async { other.get(&1).await.unwrap() == Some(last) }).await;
    assert_eq!(one.get(&2).await.unwrap(), Some(last));
    let in_the_tier = || async {
        let fresh = truth.cache(quick());
        hears(&fresh).await;
        let by = fresh.deadline(Duration::from_secs(5));
        let found = fresh.get_by(&2, by).await.unwrap();
        assert_eq!(found.value, Some(last));
        found.origin == Origin::Tier
    };
    eventually(in_the_tier).await;
}
