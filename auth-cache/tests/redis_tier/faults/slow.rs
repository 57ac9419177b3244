//! A network that is slow, and unevenly so: F3.

use std::time::Duration;

use auth_cache::redis::RedisLink;
use auth_cache::tiered::BreakerState;
use auth_testkit::servers::Proxy;
use tokio::time::sleep;

use super::super::support::{World, eventually};
use super::load::{Load, Source, until_shared};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f03_a_slow_link_is_waited_for_as_long_as_a_caller_has_time() {
    let world = World::start().await;
    let source = Source::new();
    let proxy = Proxy::before(&world.server.url()).unwrap();
    let link = |url: &str| RedisLink::single(url).unwrap().build().unwrap();
    // One is near to it, one is far away.
    let near = source.cache(link(&world.server.url()), &world.root).await;
    let far = source.cache(link(proxy.url()), &world.root).await;
    let load = Load::start(&source, &[&near, &far]);
    load.answers(500).await;
    // There and back, each piece by itself: sometimes in time, sometimes not.
    for round in 0..20_u64 {
        proxy.delay(Duration::from_millis(round * 37 % 120));
        sleep(Duration::from_millis(100)).await;
    }
    load.answers(200).await;
    proxy.delay(Duration::from_secs(5));
    eventually(|| async { far.stats().breaker == Some(BreakerState::Open) }).await;
    load.answers(1_000).await;
    assert_eq!(near.stats().breaker, Some(BreakerState::Closed));
    proxy.delay(Duration::ZERO);
    until_shared(&source, &near, &far).await;
    load.answers(500).await;
    let told = load.stop("slow").await;
    assert!(told.from_tier > 0 && told.untold > 0, "{told:?}");
}
