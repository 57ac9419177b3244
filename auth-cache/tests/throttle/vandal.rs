//! Somebody else writes to Redis.

use std::time::Duration;

use auth_core::throttle::{Charge, Decision, Limit, Quota, RateLimiter};

use super::support::{World, allowed, limit};

#[tokio::test]
async fn what_is_no_time_is_left_there_and_limits_by_the_share() {
    let world = World::start().await;
    let limit = limit(40);
    assert_eq!(allowed(&world.process(), &limit, 1).await, 1);
    let name = world.name();
    for words in [
        &["HSET", &name, "a", "b"][..],
        &["RPUSH", &name, "1"],
        &["SET", &name, "-1"],
        &["SET", &name, "1e9"],
        &["SET", &name, "soon"],
        &["SET", &name, ""],
        &["SET", &name, "12345678901234567"],
    ] {
        let process = world.process();
        world.command(&["DEL", &name]);
        world.command(words);
        let there = world.command(&["TYPE", &name]);
        assert_eq!(allowed(&process, &limit, 20).await, 10, "{words:?}");
        let stats = process.stats();
        assert_eq!((stats.wrong_type, stats.fell_back()), (20, 20), "{words:?}");
        assert_eq!(world.command(&["TYPE", &name]), there);
    }
}

#[tokio::test]
async fn a_time_that_is_far_ahead_limits_for_the_window_and_no_longer() {
    let world = World::start().await;
    let process = world.process();
    let window = Duration::from_secs(3_600);
    let limit = Limit::new("one", Quota::new(4, window).unwrap());
    let charge = Charge::new(&limit, b"ada");
    assert!(process.check(charge).await.is_allowed());
    let name = world.name();
    world.command(&["SET", &name, "9999999999999999"]);
    let retry_after = window / 4;
    assert_eq!(
        process.check(charge).await,
        Decision::Limited { retry_after }
    );
    assert_ne!(world.command(&["GET", &name]), ["9999999999999999"]);
    let lives: u128 = world.command(&["PTTL", &name])[0].parse().unwrap();
    assert!(lives <= window.as_millis() + 1, "{lives}");
    // One from long ago is that of nobody.
    world.command(&["SET", &name, "1"]);
    assert!(process.check(charge).await.is_allowed());
    assert_eq!(process.stats().fell_back(), 0);
}

/// A key that is none costs its subject the share, and nobody else anything.
#[tokio::test]
async fn refusals_do_not_open_the_breaker() {
    let world = World::start().await;
    let process = world.process();
    let limit = limit(8);
    assert_eq!(allowed(&process, &limit, 1).await, 1);
    let name = world.name();
    world.command(&["DEL", &name]);
    world.command(&["HSET", &name, "a", "b"]);
    allowed(&process, &limit, 50).await;
    let others = [Charge::new(&limit, b"grace"); 8];
    let decisions = process.check_all(&others).await;
    assert!(decisions.iter().all(Decision::is_allowed));
    assert_eq!(process.stats().skipped, 0);
}
