//! One quota for all.

use std::num::NonZeroU32;
use std::time::Duration;

use auth_core::RootSecrets;
use auth_core::throttle::{Charge, Decision, Limit, Quota, RateLimiter};

use super::support::{PATIENT, World, allowed, allowed_at_once, allows, limit, new_root};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn three_processes_at_the_same_time_are_allowed_one_quota_exactly() {
    let world = World::start().await;
    let processes = [world.process(), world.process(), world.process()];
    let limit = limit(101);
    assert_eq!(allowed_at_once(&processes, &limit, 100).await, 101);
    assert!(!allows(&world.process(), &limit, b"ada").await);
    for process in &processes {
        let stats = process.stats();
        assert_eq!(stats.fell_back(), 0, "{stats:?}");
        assert_eq!(stats.shared, 100, "{stats:?}");
        assert_eq!(stats.limited_by_process, 0, "{stats:?}");
    }
    assert!(allows(&processes[0], &limit, b"grace").await);
}

#[tokio::test]
async fn the_answers_are_those_of_the_function() {
    let world = World::start().await;
    let process = world.process();
    let hour = Duration::from_secs(3_600);
    let one = Limit::new("one", Quota::new(4, hour).unwrap());
    let other = Limit::new("other", Quota::new(1, hour).unwrap());
    let cost = |cost| Charge::new(&one, b"ada").with_cost(NonZeroU32::new(cost).unwrap());
    let charges = [
        cost(2),
        Charge::new(&other, b"ada"),
        cost(1),
        cost(2),
        Charge::new(&other, b"ada"),
        cost(1),
        cost(5),
        cost(u32::MAX),
    ];
    let decisions = process.check_all(&charges).await;
    let allowed = |remaining| Decision::Allowed { remaining };
    let expected = [allowed(2), allowed(0), allowed(1)];
    assert_eq!(decisions[..3], expected);
    assert_eq!(decisions[5], allowed(0));
    for (index, most) in [(3, hour / 4), (4, hour), (6, hour), (7, hour)] {
        match decisions[index] {
            Decision::Limited { retry_after } => {
                assert!(
                    retry_after > most / 2 && retry_after <= most,
                    "{index}: {retry_after:?}"
                );
            }
            allowed @ Decision::Allowed { .. } => assert!(!allowed.is_allowed(), "{index}"),
        }
    }
    assert_eq!(process.stats().fell_back(), 0);
    assert!(process.check_all(&[]).await.is_empty());
}

#[tokio::test]
async fn who_waits_as_long_as_is_said_is_allowed() {
    let world = World::start().await;
    let process = world.process();
    let limit = Limit::new("short", Quota::new(3, Duration::from_millis(300)).unwrap());
    let charge = Charge::new(&limit, b"ada");
    let mut waits = 0;
    while waits < 5 {
        if let Decision::Limited { retry_after } = process.check(charge).await {
            waits += 1;
            assert!(retry_after <= Duration::from_millis(100));
            // Timers have whole milliseconds, and there are two clocks.
            tokio::time::sleep(retry_after + Duration::from_millis(2)).await;
            assert!(process.check(charge).await.is_allowed());
        }
    }
    assert_eq!(process.stats().fell_back(), 0);
}

#[tokio::test]
async fn redis_is_told_nobodys_name_and_forgets_in_time() {
    let world = World::start().await;
    let process = world.process();
    let quota = Quota::new(10, Duration::from_secs(600)).unwrap();
    let limit = Limit::new("log-in: {all}", quota);
    assert!(allows(&process, &limit, b"ada@example.com").await);
    let name = world.name();
    assert!(
        name.starts_with("auth:limit:log-in%3a%20%7ball%7d:"),
        "{name}"
    );
    assert_eq!(name.rsplit(':').next().unwrap().len(), 32);
    assert!(!name.contains("ada"));
    let lives: u64 = world.command(&["PTTL", &name])[0].parse().unwrap();
    assert!((1..=60_001).contains(&lives), "{lives}");
}

/// Each has another active one and knows the other's.
#[tokio::test]
async fn while_root_secrets_change_it_is_one_quota() {
    let world = World::start().await;
    let (old, new) = (new_root(), new_root());
    let both = |active: &auth_core::RootSecret, other: &auth_core::RootSecret| {
        let roots = RootSecrets::new(active.clone());
        roots.with_other(other.clone()).unwrap()
    };
    let processes = [both(&old, &new), both(&new, &old)].map(|it| world.process_with(it, PATIENT));
    let limit = limit(10);
    assert_eq!(allowed(&processes[0], &limit, 4).await, 4);
    assert_eq!(allowed(&processes[1], &limit, 20).await, 6);
    assert_eq!(allowed(&processes[0], &limit, 20).await, 0);
    let after = world.process_with(new, PATIENT);
    assert_eq!(allowed(&after, &limit, 20).await, 0);
    // One that knows the old one no more, and one for which that is still the active one.
    let other = Limit::new("other", *limit.quota());
    assert_eq!(allowed(&after, &other, 4).await, 4);
    assert_eq!(allowed(&processes[0], &other, 20).await, 6);
}
