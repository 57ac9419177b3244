//! Redis answers, and has forgotten: the process has not.

use auth_cache::redis::LinkErrorKind;
use auth_core::RootSecrets;
use auth_core::idempotency::Begun;

use super::support::{
    World, answer, begin, complete, is_busy, link_error, owned, owner, try_begin, until_answered,
};

#[tokio::test]
async fn what_is_flushed_is_not_begun_again_by_its_process() {
    let world = World::start().await;
    let (one, other) = (world.process(), world.process());
    let request = world.request("k", "body");
    let own = owned(&one, &request).await;
    world.command(&["FLUSHALL"]);
    for _ in 0..3 {
        assert!(is_busy(&one, &request).await);
        let another = world.request("k", "another");
        assert_eq!(begin(&one, &another, owner()).await, Begun::Mismatch);
    }
    // It has been put back.
    assert!(is_busy(&other, &request).await);
    assert_eq!(one.stats().forgotten, 1);
    // What it was given before it asks for again, and has.
    assert_eq!(begin(&one, &request, own).await, Begun::Owned);
    world.command(&["FLUSHALL"]);
    // That it is done it says, and then all know.
    let done = answer("sealed");
    assert!(complete(&one, &request, own, Some(&done)).await.unwrap());
    for process in [&one, &other] {
        let begun = begin(process, &request, owner()).await;
        assert_eq!(begun, Begun::Done(Some(done.clone())));
    }
    let stats = one.stats();
    assert_eq!((stats.forgotten, stats.failed), (2, 0), "{stats:?}");
}

#[tokio::test]
async fn what_is_done_and_flushed_stays_done_for_its_process_and_then_for_all() {
    let world = World::start().await;
    let (one, other) = (world.process(), world.process());
    let request = world.request("k", "body");
    let own = owned(&one, &request).await;
    assert!(
        complete(&one, &request, own, Some(&answer("sealed")))
            .await
            .unwrap()
    );
    world.command(&["FLUSHALL"]);
    assert_eq!(begin(&one, &request, owner()).await, Begun::Done(None));
    assert_eq!(begin(&other, &request, owner()).await, Begun::Done(None));
    assert_eq!(one.stats().forgotten, 1);
    let another = world.request("k", "another");
    assert_eq!(begin(&other, &another, owner()).await, Begun::Mismatch);
}

/// What the documentation says that it does not do.
#[tokio::test]
async fn what_is_flushed_another_process_begins_again_and_the_first_hears_of_it() {
    let world = World::start().await;
    let (one, other) = (world.process(), world.process());
    let request = world.request("k", "body");
    let own = owned(&one, &request).await;
    world.command(&["FLUSHALL"]);
    let others = owned(&other, &request).await;
    assert!(!complete(&one, &request, own, None).await.unwrap());
    assert_eq!(one.stats().lost, 1);
    assert!(is_busy(&one, &request).await);
    assert!(complete(&other, &request, others, None).await.unwrap());
    assert_eq!(begin(&one, &request, owner()).await, Begun::Done(None));
}

#[tokio::test]
async fn what_is_evicted_is_not_begun_again_by_its_process() {
    let world = World::start().await;
    let process = world.process();
    let (request, done) = (world.request("k", "body"), world.request("done", "body"));
    owned(&process, &request).await;
    let own = owned(&process, &done).await;
    assert!(complete(&process, &done, own, None).await.unwrap());
    world.command(&["CONFIG", "SET", "maxmemory-policy", "allkeys-random"]);
    world.command(&["CONFIG", "SET", "maxmemory", "1"]);
    // Too little for anything: all is evicted, and then the write refused.
    assert!(world.server.command(&["SET", "other", "1"]).is_err());
    world.command(&["CONFIG", "SET", "maxmemory", "0"]);
    assert_eq!(world.command(&["DBSIZE"]), ["0"]);
    assert!(is_busy(&process, &request).await);
    assert_eq!(begin(&process, &done, owner()).await, Begun::Done(None));
    assert_eq!(process.stats().forgotten, 2);
}

/// What was begun can be said to be done, with its answer; nothing new begins.
#[tokio::test]
async fn a_server_without_memory_begins_nothing_and_completes_what_was_begun() {
    let world = World::start().await;
    let (one, other) = (world.process(), world.process());
    let request = world.request("k", "body");
    let own = owned(&one, &request).await;
    world.command(&["CONFIG", "SET", "maxmemory", "1"]);
    let new = world.request("new", "body");
    let error = try_begin(&one, &new, owner()).await.unwrap_err();
    let code = "OOM".into();
    assert_eq!(*link_error(&error), LinkErrorKind::Refused { code });
    assert_eq!(
        world.command(&["DBSIZE"]),
        ["1"],
        "nothing is left half done"
    );
    assert!(is_busy(&other, &request).await);
    let done = answer("sealed");
    assert!(complete(&one, &request, own, Some(&done)).await.unwrap());
    let begun = begin(&other, &request, owner()).await;
    assert_eq!(begun, Begun::Done(Some(done)));
    world.command(&["CONFIG", "SET", "maxmemory", "0"]);
    owned(&other, &new).await;
}

/// A server that saves nothing, and comes back as another.
#[tokio::test]
async fn a_restart_without_files_is_a_loss_like_another() {
    let mut world = World::start().await;
    let process = world.process();
    let (request, done) = (world.request("k", "body"), world.request("done", "body"));
    let own = owned(&process, &request).await;
    let other = owned(&process, &done).await;
    assert!(complete(&process, &done, other, None).await.unwrap());
    world.server.kill_9().unwrap();
    world.server.restart().await.unwrap();
    until_answered(&process, &RootSecrets::new(world.root.clone())).await;
    assert!(is_busy(&process, &request).await);
    assert_eq!(begin(&process, &done, owner()).await, Begun::Done(None));
    assert!(complete(&process, &request, own, None).await.unwrap());
    let stats = process.stats();
    assert_eq!((stats.forgotten, stats.moved), (2, 1), "{stats:?}");
}

/// With its files, and each write synced, nothing is lost.
#[tokio::test]
async fn a_server_that_syncs_its_writes_remembers_through_a_crash() {
    let settings = [("appendonly", "yes"), ("appendfsync", "always")];
    let mut world = World::start_with(&settings).await;
    let (one, other) = (world.process(), world.process());
    let request = world.request("k", "body");
    let own = owned(&one, &request).await;
    world.server.kill_9().unwrap();
    world.server.restart().await.unwrap();
    let roots = RootSecrets::new(world.root.clone());
    until_answered(&one, &roots).await;
    until_answered(&other, &roots).await;
    assert!(is_busy(&other, &request).await);
    assert!(complete(&one, &request, own, None).await.unwrap());
    let stats = one.stats();
    assert_eq!((stats.forgotten, stats.moved), (0, 1), "{stats:?}");
    assert_eq!(begin(&other, &request, owner()).await, Begun::Done(None));
}
