//! The server is killed, again and again, while many are at it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::time::Duration;

use auth_core::idempotency::Begun;

use super::support::{World, complete, owner, try_begin};

const REQUESTS: usize = 300;
const KILLS: usize = 6;

/// With its writes synced it never comes to two of one request, whoever did not hear an
/// answer. Some of which the claim's answer was lost wait for a lease that does not end
/// here: those are done by nobody.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn however_often_it_is_killed_no_request_is_done_twice() {
    let settings = [("appendonly", "yes"), ("appendfsync", "always")];
    let mut world = World::start_with(&settings).await;
    let done: Arc<Vec<AtomicU32>> = Arc::new((0..REQUESTS).map(|_| AtomicU32::new(0)).collect());
    let (over, completed) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicUsize::new(0)),
    );
    let deadline = Duration::from_millis(500);
    let mut callers = Vec::new();
    for process in 0..3 {
        let store = world.process_with(world.root.clone(), deadline);
        for caller in 0..8 {
            let (store, done) = (store.clone(), done.clone());
            let (over, completed) = (over.clone(), completed.clone());
            let requests: Vec<_> = (0..REQUESTS)
                .map(|n| world.request(&format!("k{n}"), "body"))
                .collect();
            callers.push(tokio::spawn(async move {
                let mut n = caller * 37 + process * 101;
                while !over.load(Ordering::Relaxed) {
                    n = (n + 1) % REQUESTS;
                    let owner = owner();
                    if let Ok(Begun::Owned) = try_begin(&store, &requests[n], owner).await {
                        done[n].fetch_add(1, Ordering::Relaxed);
                        // As long as the lease: an hour.
                        while !over.load(Ordering::Relaxed) {
                            match complete(&store, &requests[n], owner, None).await {
                                Ok(is_ours) => {
                                    assert!(is_ours, "it was somebody else's");
                                    completed.fetch_add(1, Ordering::Relaxed);
                                    break;
                                }
                                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
                            }
                        }
                    }
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            }));
        }
    }
    for _ in 0..KILLS {
        tokio::time::sleep(Duration::from_millis(150)).await;
        world.server.kill_9().unwrap();
        world.server.restart().await.unwrap();
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    over.store(true, Ordering::Relaxed);
    for caller in callers {
        caller.await.unwrap();
    }
    let times: Vec<_> = done.iter().map(|it| it.load(Ordering::Relaxed)).collect();
    assert!(times.iter().all(|times| *times <= 1), "{times:?}");
    let completed = completed.load(Ordering::Relaxed);
    assert!(completed > REQUESTS / 2, "{completed}");
}
