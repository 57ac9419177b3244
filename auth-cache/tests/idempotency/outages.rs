//! Redis is gone, or frozen: nothing is done, and what comes late harms nobody.

use std::time::Duration;

use auth_cache::redis::LinkErrorKind;
use auth_core::RootSecrets;
use auth_core::idempotency::{Begun, IdempotencyStore};

use super::support::{
    HANG_GUARD, KEEP, World, answer, begin, complete, is_busy, link_error, owned, owner, try_begin,
    until_answered,
};

const IMPATIENT: Duration = Duration::from_millis(300);

#[tokio::test]
async fn without_a_server_nothing_begins() {
    let mut world = World::start().await;
    let process = world.process();
    let request = world.request("k", "body");
    let own = owned(&process, &request).await;
    world.server.kill_9().unwrap();
    for n in 0..20 {
        let new = world.request(&format!("new{n}"), "body");
        assert!(try_begin(&process, &new, owner()).await.is_err());
        // Who has it already has it no better.
        assert!(try_begin(&process, &request, own).await.is_err());
        assert!(try_begin(&process, &request, owner()).await.is_err());
    }
    // It was done, and that could not be said.
    assert!(complete(&process, &request, own, None).await.is_err());
    world.server.restart().await.unwrap();
    until_answered(&process, &RootSecrets::new(world.root.clone())).await;
    assert_eq!(begin(&process, &request, owner()).await, Begun::Done(None));
    assert!(process.stats().failed > 60);
}

/// The claim is made when the server goes on, for the caller that has given up.
#[tokio::test]
async fn a_late_claim_is_its_owner_s_and_nobody_else_s() {
    let world = World::start().await;
    let roots = RootSecrets::new(world.root.clone());
    let hasty = world.process_with(world.root.clone(), IMPATIENT);
    let other = world.process();
    until_answered(&hasty, &roots).await;
    world.server.freeze().unwrap();
    let (request, late) = (world.request("k", "body"), owner());
    let error = try_begin(&hasty, &request, late).await.unwrap_err();
    assert_eq!(*link_error(&error), LinkErrorKind::TimedOut);
    world.server.thaw().unwrap();
    until_answered(&hasty, &roots).await;
    let waiting = async {
        while world.command(&["DBSIZE"]) != ["2"] {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(HANG_GUARD, waiting).await.unwrap();
    assert!(is_busy(&other, &request).await && is_busy(&hasty, &request).await);
    assert_eq!(begin(&hasty, &request, late).await, Begun::Owned);
}

#[tokio::test]
async fn a_late_word_that_it_is_done_is_that_it_is_done() {
    let world = World::start().await;
    let roots = RootSecrets::new(world.root.clone());
    let hasty = world.process_with(world.root.clone(), IMPATIENT);
    let other = world.process();
    until_answered(&hasty, &roots).await;
    let (request, done) = (world.request("k", "body"), answer("sealed"));
    let own = owned(&hasty, &request).await;
    world.server.freeze().unwrap();
    let error = complete(&hasty, &request, own, Some(&done))
        .await
        .unwrap_err();
    assert_eq!(*link_error(&error), LinkErrorKind::TimedOut);
    world.server.thaw().unwrap();
    until_answered(&hasty, &roots).await;
    // As the layer does: once more.
    assert!(complete(&hasty, &request, own, Some(&done)).await.unwrap());
    let begun = begin(&other, &request, owner()).await;
    assert_eq!(begun, Begun::Done(Some(done)));
}

/// Whose lease is over releases nothing of whoever has it then, however late.
#[tokio::test]
async fn a_late_release_frees_nobody_else_s_request() {
    let world = World::start().await;
    let roots = RootSecrets::new(world.root.clone());
    let hasty = world.process_with(world.root.clone(), IMPATIENT);
    let other = world.process();
    until_answered(&hasty, &roots).await;
    until_answered(&other, &roots).await;
    for n in 0..5 {
        let request = world.request(&format!("k{n}"), "body");
        let lost = owner();
        let lease = Duration::from_millis(1);
        let begun = hasty.begin_request(&request, lost, lease, KEEP).await;
        assert_eq!(begun.unwrap(), Begun::Owned);
        world.server.freeze().unwrap();
        assert!(hasty.release_request(&request, lost).await.is_err());
        let next = owner();
        let asking = async { begin(&other, &request, next).await };
        let thaw = async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            world.server.thaw().unwrap();
        };
        let (begun, ()) = tokio::join!(asking, thaw);
        assert_eq!(begun, Begun::Owned);
        until_answered(&hasty, &roots).await;
        hasty.release_request(&request, lost).await.unwrap();
        assert!(is_busy(&hasty, &request).await);
        assert!(!complete(&hasty, &request, lost, None).await.unwrap());
        assert!(complete(&other, &request, next, None).await.unwrap());
    }
}
