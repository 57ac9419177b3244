//! Redis is killed, or frozen: F1 and F2.

use std::time::Duration;

use auth_cache::redis::RedisLink;
use auth_cache::tiered::{BreakerState, Reason};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::super::support::{World, eventually};
use super::load::{HANG, Load, Source, Told, Values, until_shared};

/// With the patience that it has by default.
fn link(world: &World) -> RedisLink {
    RedisLink::single(&world.server.url())
        .unwrap()
        .build()
        .unwrap()
}

async fn processes(world: &World, source: &Source) -> [Values; 2] {
    let one = source.cache(link(world), &world.root).await;
    [one, source.cache(link(world), &world.root).await]
}

async fn recovers(source: &Source, [one, other]: &[Values; 2]) {
    until_shared(source, one, other).await;
}

async fn is_killed(settings: &[(&str, &str)], saves: bool) {
    let mut world = World::start_with(settings).await;
    let source = Source::new();
    let caches = processes(&world, &source).await;
    let load = Load::start(&source, &[&caches[0], &caches[1]]);
    sleep(Duration::from_millis(500)).await;
    if saves {
        // What changes from here on is not in the file that it comes back with.
        world.command(&["SAVE"]);
        load.answers(500).await;
    }
    world.server.kill_9().unwrap();
    load.answers(500).await;
    sleep(Duration::from_millis(1_000)).await;
    world.server.restart().await.unwrap();
    recovers(&source, &caches).await;
    load.answers(500).await;
    let told = load.stop("killed").await;
    assert!(told.untold > 0, "nobody noticed: {told:?}");
    assert!(told.from_tier > 0, "{told:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f01_killed_and_started_empty_it_gives_nobody_what_is_not_so() {
    is_killed(&[], false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f01_started_again_from_an_old_file_it_gives_nobody_what_was_so() {
    is_killed(&[("dbfilename", "d.rdb")], true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f02_frozen_it_is_left_alone_by_the_breaker_and_found_again() {
    let world = World::start().await;
    let source = Source::new();
    let caches = processes(&world, &source).await;
    let load = Load::start(&source, &[&caches[0], &caches[1]]);
    sleep(Duration::from_millis(500)).await;
    world.server.freeze().unwrap();
    for cache in &caches {
        eventually(|| async { cache.stats().breaker != Some(BreakerState::Closed) }).await;
    }
    load.answers(1_000).await;
    sleep(Duration::from_millis(1_000)).await;
    for cache in &caches {
        let stats = cache.stats();
        assert!(stats.tier_skipped > stats.tier_failures, "{stats:?}");
    }
    world.server.thaw().unwrap();
    recovers(&source, &caches).await;
    load.answers(500).await;
    let told = load.stop("frozen").await;
    assert!(told.untold > 0, "nobody noticed: {told:?}");
}

/// All at once, of keys that nobody has, while Redis is gone: the source is asked by no
/// more than the bulkhead lets through, and who is too many is told so.
async fn crowd(source: &Source, cache: &Values) -> Vec<Option<Reason>> {
    let mut callers = JoinSet::new();
    for _ in 0..500 {
        let (cache, key) = (cache.clone(), source.fresh());
        callers.spawn(async move {
            let answer = timeout(HANG, cache.get(&key)).await.unwrap();
            match answer {
                Ok(found) => {
                    assert_eq!(found, Some((key, 0)));
                    None
                }
                Err(unavailable) => Some(unavailable.reason()),
            }
        });
    }
    let mut told = Vec::new();
    while let Some(caller) = callers.join_next().await {
        told.push(caller.unwrap());
    }
    told
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f01_while_it_is_gone_a_crowd_asks_the_source_through_the_bulkhead() {
    for is_frozen in [false, true] {
        let mut world = World::start().await;
        let source = Source::that_takes(Duration::from_millis(20));
        let cache = source.cache(link(&world), &world.root).await;
        if is_frozen {
            world.server.freeze().unwrap();
        } else {
            world.server.kill_9().unwrap();
        }
        let told = crowd(&source, &cache).await;
        let count = |what| told.iter().filter(|it| **it == what).count();
        let (answered, refused) = (count(None), count(Some(Reason::Overloaded)));
        eprintln!("{answered} of 500 answered, {refused} refused");
        assert!(answered >= 100, "{answered}");
        assert!(refused >= 100, "{refused}");
        let late = count(Some(Reason::LoadTimedOut));
        assert_eq!(answered + refused + late, 500, "{told:?}");
        source.was_spared();
        world.server.thaw().unwrap_or_default();
    }
}

/// Nobody is there to ask: that is said, and never that there is no such thing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f01_without_redis_and_without_the_source_nobody_knows() {
    let mut world = World::start().await;
    let source = Source::new();
    let caches = processes(&world, &source).await;
    let load = Load::start(&source, &[&caches[0]]);
    load.answers(500).await;
    world.server.kill_9().unwrap();
    source.is_down(true);
    load.answers(1_000).await;
    let told = crowd(&source, &caches[1]).await;
    let is_expected = |reason: &Option<Reason>| {
        let expected = [Reason::Source, Reason::Overloaded, Reason::LoadTimedOut];
        reason.is_some_and(|reason| expected.contains(&reason))
    };
    assert!(told.iter().all(is_expected), "{told:?}");
    source.is_down(false);
    world.server.restart().await.unwrap();
    recovers(&source, &caches).await;
    let Told { unavailable, .. } = load.stop("both are gone").await;
    assert!(unavailable.contains_key("Source"), "{unavailable:?}");
}
