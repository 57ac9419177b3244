//! The primary changes: F4.

use std::time::Duration;

use auth_cache::redis::RedisLink;
use auth_testkit::servers::{RedisCluster, Sentinels};
use tokio::time::sleep;

use super::super::support::{World, new_root};
use super::load::{Load, Source, Values, until_shared};

async fn fails_over(source: &Source, [one, other]: &[Values; 2]) {
    until_shared(source, one, other).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f04_a_fail_over_by_sentinels_brings_nothing_old_back() {
    for is_killed in [true, false] {
        let mut sentinels = Sentinels::start().await.unwrap();
        let (source, root) = (Source::new(), new_root());
        let urls = sentinels.urls();
        let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
        let link = || {
            let link = RedisLink::sentinel(&urls, sentinels.name()).unwrap();
            link.build().unwrap()
        };
        let one = source.cache(link(), &root).await;
        let caches = [one, source.cache(link(), &root).await];
        let load = Load::start(&source, &[&caches[0], &caches[1]]);
        load.answers(1_000).await;
        let before = sentinels.primary().unwrap();
        if is_killed {
            sentinels.kill_primary().unwrap();
        } else {
            sentinels.freeze_primary().unwrap();
        }
        fails_over(&source, &caches).await;
        sentinels.failed_over(before).await.unwrap();
        // It goes on as if nothing had happened, until it is told.
        sentinels.thaw().unwrap();
        load.answers(1_000).await;
        fails_over(&source, &caches).await;
        let told = load.stop("a fail-over by Sentinels").await;
        assert!(told.untold > 0 && told.from_tier > 0, "{told:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f04_a_fail_over_in_a_cluster_brings_nothing_old_back() {
    let mut cluster = RedisCluster::start().await.unwrap();
    let (source, root) = (Source::new(), new_root());
    let urls = cluster.urls();
    let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
    let link = || RedisLink::cluster(&urls).unwrap().build().unwrap();
    let one = source.cache(link(), &root).await;
    let caches = [one, source.cache(link(), &root).await];
    let load = Load::start(&source, &[&caches[0], &caches[1]]);
    load.answers(1_000).await;
    for (slot, is_killed) in [(0, true), (16_000, false)] {
        let owner = cluster.owner_of(slot).unwrap();
        let node = &mut cluster.nodes()[owner];
        if is_killed {
            node.kill_9().unwrap();
        } else {
            node.freeze().unwrap();
        }
        fails_over(&source, &caches).await;
        cluster.failed_over(slot, owner).await.unwrap();
        let node = &mut cluster.nodes()[owner];
        if is_killed {
            node.restart().await.unwrap();
        } else {
            node.thaw().unwrap();
        }
        load.answers(500).await;
        cluster.whole().await.unwrap();
        fails_over(&source, &caches).await;
    }
    let told = load.stop("fail-overs in a Cluster").await;
    assert!(told.untold > 0 && told.from_tier > 0, "{told:?}");
}

/// A replica without its primary: it refuses whatever it is asked, and then is one itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f04_a_primary_that_becomes_a_replica_refuses_and_is_used_again_afterwards() {
    for serves_stale_data in ["yes", "no"] {
        let settings = [("replica-serve-stale-data", serves_stale_data)];
        let world = World::start_with(&settings).await;
        let source = Source::new();
        let link = || {
            let link = RedisLink::single(&world.server.url()).unwrap();
            link.build().unwrap()
        };
        let one = source.cache(link(), &world.root).await;
        let caches = [one, source.cache(link(), &world.root).await];
        let load = Load::start(&source, &[&caches[0], &caches[1]]);
        load.answers(500).await;
        let command = |words: &[&str]| world.command(words);
        command(&["REPLICAOF", "127.0.0.1", "1"]);
        sleep(Duration::from_secs(1)).await;
        load.answers(500).await;
        command(&["REPLICAOF", "NO", "ONE"]);
        until_shared(&source, &caches[0], &caches[1]).await;
        let told = load.stop("a replica").await;
        assert!(told.untold > 0 && told.from_tier > 0, "{told:?}");
    }
}
