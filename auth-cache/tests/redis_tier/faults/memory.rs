//! Redis has no memory left, or loses what it has: F6.

use std::time::Duration;

use auth_cache::redis::RedisLink;
use tokio::time::sleep;

use super::super::support::World;
use super::load::{Load, Source, Told, until_shared};

/// What happens to the server meanwhile, some times.
async fn meanwhile(what: &str, happens: impl Fn(&World, u32)) -> Told {
    let world = World::start().await;
    let source = Source::new();
    let link = || {
        let link = RedisLink::single(&world.server.url()).unwrap();
        link.build().unwrap()
    };
    let one = source.cache(link(), &world.root).await;
    let other = source.cache(link(), &world.root).await;
    let load = Load::start(&source, &[&one, &other]);
    load.answers(500).await;
    for round in 0..40 {
        happens(&world, round);
        sleep(Duration::from_millis(25)).await;
        load.answers(20).await;
    }
    world
        .server
        .command(&["CONFIG", "SET", "maxmemory", "0"])
        .unwrap();
    until_shared(&source, &one, &other).await;
    load.answers(500).await;
    load.stop(what).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f06_a_server_that_is_flushed_makes_nobody_see_what_was_invalidated() {
    let told = meanwhile("flushed", |world, _| {
        world.command(&["FLUSHALL"]);
    });
    assert!(told.await.from_tier > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f06_a_server_that_evicts_makes_nobody_see_what_was_invalidated() {
    let told = meanwhile("evicting", |world, round| {
        let command = |words: &[&str]| world.command(words);
        command(&["CONFIG", "SET", "maxmemory-policy", "allkeys-random"]);
        // Too little for anything, and then enough for something.
        command(&["CONFIG", "SET", "maxmemory", ["1", "0"][round as usize % 2]]);
    });
    assert!(told.await.from_tier > 0);
}

/// Values, leases and versions are refused, and what was invalidated cannot be told.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f06_a_server_without_memory_is_done_without() {
    let told = meanwhile("no memory", |world, _| {
        world
            .server
            .command(&["CONFIG", "SET", "maxmemory", "1"])
            .unwrap();
    });
    assert!(told.await.untold > 0);
}
