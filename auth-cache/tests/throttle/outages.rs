//! Redis is gone, or frozen: the process decides, more strictly.

use std::time::Duration;

use auth_cache::tiered::BreakerState;

use super::support::{World, allowed, limit, until_shared};

/// One of four has a quarter; what was allowed before is charged to it, and what is
/// allowed meanwhile is not allowed again afterwards.
#[tokio::test]
async fn f01_killed_and_started_again_it_never_comes_to_more_than_the_quota() {
    let mut world = World::start().await;
    let process = world.process();
    let limit = limit(40);
    assert_eq!(allowed(&process, &limit, 4).await, 4);
    world.server.kill_9().unwrap();
    assert_eq!(allowed(&process, &limit, 100).await, 6);
    let stats = process.stats();
    assert_eq!((stats.shared, stats.fell_back()), (4, 100), "{stats:?}");
    assert!(stats.skipped > 0, "it is asked each time: {stats:?}");
    // It knows of nothing.
    world.server.restart().await.unwrap();
    until_shared(&process).await;
    assert_eq!(process.stats().breaker, BreakerState::Closed);
    assert_eq!(allowed(&process, &limit, 100).await, 30);
    assert!(process.stats().limited_by_process > 0);
}

#[tokio::test]
async fn f02_while_it_is_frozen_few_wait_for_it_and_it_is_found_again() {
    let world = World::start().await;
    let process = world.process_with(world.root.clone(), Duration::from_millis(200));
    let limit = limit(8);
    // The server may be slow to greet the first.
    until_shared(&process).await;
    world.server.freeze().unwrap();
    assert_eq!(allowed(&process, &limit, 300).await, 2);
    let stats = process.stats();
    assert!(stats.timed_out > 0, "{stats:?}");
    assert!(
        stats.skipped > stats.timed_out + stats.unavailable,
        "{stats:?}"
    );
    world.server.thaw().unwrap();
    until_shared(&process).await;
    // What was late may have been charged there.
    let after = allowed(&process, &limit, 100).await;
    assert!(after <= 6, "{after}");
}

/// It has never been there.
#[tokio::test]
async fn a_process_that_starts_in_an_outage_has_its_share() {
    let mut world = World::start().await;
    world.server.kill_9().unwrap();
    let process = world.process();
    assert_eq!(allowed(&process, &limit(40), 100).await, 10);
    assert_eq!(allowed(&process, &limit(3), 1).await, 0, "the same name");
}
