//! Redis answers, and has forgotten: the process has not.

use super::support::{World, allowed, limit};

#[tokio::test]
async fn f06_what_is_flushed_was_still_let_through_by_the_process() {
    let world = World::start().await;
    let (one, other) = (world.process(), world.process());
    let limit = limit(10);
    assert_eq!(allowed(&one, &limit, 11).await, 10);
    world.command(&["FLUSHALL"]);
    assert_eq!(allowed(&one, &limit, 1).await, 0);
    let stats = one.stats();
    assert_eq!((stats.limited_by_process, stats.fell_back()), (1, 0));
    // Another process knows nothing of it: no more than the quota in each.
    assert_eq!(allowed(&other, &limit, 100).await, 9);
}

#[tokio::test]
async fn f06_what_is_evicted_was_still_let_through_by_the_process() {
    let world = World::start().await;
    let process = world.process();
    let limit = limit(10);
    assert_eq!(allowed(&process, &limit, 10).await, 10);
    world.command(&["CONFIG", "SET", "maxmemory-policy", "allkeys-random"]);
    world.command(&["CONFIG", "SET", "maxmemory", "1"]);
    // Too little for anything: all is evicted, and then the write refused.
    assert!(world.server.command(&["SET", "other", "1"]).is_err());
    world.command(&["CONFIG", "SET", "maxmemory", "0"]);
    assert_eq!(world.command(&["DBSIZE"]), ["0"]);
    assert_eq!(allowed(&process, &limit, 100).await, 0);
    assert_eq!(process.stats().fell_back(), 0);
}

#[tokio::test]
async fn f06_a_server_without_memory_refuses_and_the_process_decides() {
    let world = World::start().await;
    let process = world.process();
    let limit = limit(40);
    assert_eq!(allowed(&process, &limit, 1).await, 1);
    world.command(&["CONFIG", "SET", "maxmemory", "1"]);
    assert_eq!(allowed(&process, &limit, 100).await, 9);
    let stats = process.stats();
    assert_eq!((stats.refused, stats.fell_back()), (100, 100), "{stats:?}");
}
