//! One request, one owner.

use std::sync::Arc;

use auth_core::idempotency::{Begun, IdempotencyStore};
use tokio::sync::Barrier;

use super::support::{KEEP, LEASE, World, answer, begin, cause, complete, is_busy, owned, owner};
use auth_cache::idempotency::{RedisIdempotency, RedisIdempotencyError};

const TASKS: usize = 64;
const ROUNDS: usize = 1_000;

/// Of 64 tasks in each of three processes, round after round.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_192_at_the_same_time_one_owns_it() {
    let world = World::start().await;
    let processes = [world.process(), world.process(), world.process()];
    let gate = Arc::new(Barrier::new(TASKS * 3));
    let tasks: Vec<_> = (0..TASKS * 3)
        .map(|task| {
            let process = processes[task % 3].clone();
            let gate = gate.clone();
            let requests: Vec<_> = (0..ROUNDS)
                .map(|round| world.request(&format!("k{round}"), "body"))
                .collect();
            tokio::spawn(async move {
                let mut own = Vec::new();
                for (round, request) in requests.iter().enumerate() {
                    gate.wait().await;
                    let who = owner();
                    match begin(&process, request, who).await {
                        Begun::Owned => {
                            // Some are done at once, so that others meet that.
                            if round % 2 == 0 {
                                assert!(complete(&process, request, who, None).await.unwrap());
                            }
                            own.push(round);
                        }
                        Begun::Busy { retry_after } => assert!(retry_after <= LEASE),
                        Begun::Done(None) => assert_eq!(round % 2, 0),
                        other => panic!("{other:?}"),
                    }
                }
                own
            })
        })
        .collect();
    let mut owners = vec![0; ROUNDS];
    for task in tasks {
        for round in task.await.unwrap() {
            owners[round] += 1;
        }
    }
    assert!(owners.iter().all(|owners| *owners == 1), "{owners:?}");
    for process in &processes {
        let stats = process.stats();
        assert_eq!((stats.failed, stats.forgotten, stats.lost), (0, 0, 0));
        assert!(stats.owned > 0, "{stats:?}");
    }
}

#[tokio::test]
async fn what_one_process_has_done_the_others_hear() {
    let world = World::start().await;
    let (one, other) = (world.process(), world.process());
    let request = world.request("k", "body");
    let own = owned(&one, &request).await;
    assert!(is_busy(&other, &request).await && is_busy(&one, &request).await);
    assert_eq!(
        begin(&other, &world.request("k", "another"), owner()).await,
        Begun::Mismatch
    );
    let done = answer("sealed");
    assert!(complete(&one, &request, own, Some(&done)).await.unwrap());
    for process in [&one, &other] {
        assert_eq!(
            begin(process, &request, owner()).await,
            Begun::Done(Some(done.clone()))
        );
    }
}

#[tokio::test]
async fn redis_forgets_in_time() {
    let world = World::start().await;
    owned(&world.process(), &world.request("k", "body")).await;
    let lives: u128 = world.command(&["PTTL", &world.name()])[0].parse().unwrap();
    let keep = KEEP.as_millis();
    assert!((keep - 60_000..=keep + 2).contains(&lives), "{lives}");
}

/// It is done all the same.
#[tokio::test]
async fn an_answer_that_is_too_large_is_an_error_and_the_request_is_done() {
    let world = World::start().await;
    let builder =
        RedisIdempotency::builder(world.link(super::support::PATIENT), world.root.clone());
    let process = builder.with_largest_answer(10).build();
    let request = world.request("k", "body");
    let own = owned(&process, &request).await;
    let large = answer("eleven byte");
    let error = complete(&process, &request, own, Some(&large))
        .await
        .unwrap_err();
    assert!(
        matches!(
            cause(&error),
            RedisIdempotencyError::AnswerTooLarge {
                bytes: 11,
                most: 10
            }
        ),
        "{error:?}"
    );
    let begun = begin(&world.process(), &request, owner()).await;
    assert_eq!(begun, Begun::Done(None));
}

#[tokio::test]
async fn a_process_remembers_no_more_than_it_is_to() {
    let world = World::start().await;
    let builder =
        RedisIdempotency::builder(world.link(super::support::PATIENT), world.root.clone());
    let process = builder.with_remembered(8).build();
    for n in 0..100 {
        let request = world.request(&format!("k{n}"), "body");
        let own = owned(&process, &request).await;
        if n % 3 == 0 {
            process.release_request(&request, own).await.unwrap();
        }
        assert!(process.stats().remembered <= 8);
    }
    // The last ones.
    world.command(&["FLUSHALL"]);
    assert!(is_busy(&process, &world.request("k98", "body")).await);
    assert_eq!(process.stats().forgotten, 1);
    owned(&process, &world.request("k1", "body")).await;
}
