//! The issuer cannot be reached.

use std::time::Duration;

use auth_core::key::KeySource;

use crate::support::{COOL_DOWN, DAY, cold_rig, jwks, rig};

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test(start_paused = true)]
async fn c47_known_keys_survive_an_outage_up_to_their_age_and_then_it_is_unavailable() {
    let rig = rig().await;
    rig.script.fails();
    // Age is counted from the last good fetch, which was the first.
    for _ in 0..DAY.as_secs() / 60 {
        rig.pass(MINUTE).await;
        rig.verifier.verify_now(&rig.token()).unwrap();
    }
    rig.pass(Duration::from_millis(1)).await;
    assert_eq!(rig.keys.stats().keys, 0);
    for _ in 0..10 {
        assert_eq!(rig.answer(&rig.token()).await, "unavailable");
    }
    rig.keys.ready().await.unwrap_err();
    assert!(rig.keys.stats().age.unwrap() > DAY);

    rig.script.says(jwks([&rig.key]));
    rig.pass(COOL_DOWN).await;
    assert_eq!(rig.answer(&rig.token()).await, "good");
    assert!(rig.keys.stats().age.unwrap() < MINUTE);
}

/// What was cached under the old number must be looked up again at the instant
/// at which the keys are not believed any more, task or no task.
#[tokio::test(start_paused = true)]
async fn the_epoch_changes_when_the_keys_are_replaced_and_when_they_are_too_old() {
    let rig = rig().await;
    let first = rig.keys.epoch();
    rig.pass(Duration::from_secs(100)).await;
    assert_eq!(rig.keys.epoch(), first);
    rig.pass(Duration::from_secs(200)).await;
    let refreshed = rig.keys.epoch();
    assert_ne!(refreshed, first);
    rig.script.fails();
    let mut numbers = vec![first, refreshed];
    while !rig.keys.keys().is_empty() {
        assert_eq!(rig.keys.epoch(), refreshed);
        rig.pass(MINUTE).await;
    }
    for _ in 0..2 {
        assert!(!numbers.contains(&rig.keys.epoch()));
    }
    numbers.push(rig.keys.epoch());

    rig.script.says(jwks([&rig.key]));
    rig.pass(COOL_DOWN).await;
    assert!(!rig.keys.keys().is_empty());
    assert!(!numbers.contains(&rig.keys.epoch()));
}

#[tokio::test(start_paused = true)]
async fn an_unknown_id_in_an_outage_is_unavailable_and_known_keys_are_good() {
    let rig = rig().await;
    rig.script.fails();
    for _ in 0..100 {
        assert_eq!(rig.answer(&rig.forged("new")).await, "unavailable");
        assert_eq!(rig.answer(&rig.token()).await, "good");
    }
    assert_eq!(rig.script.fetches(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_issuer_that_is_down_at_the_start_is_unavailable_until_it_is_up() {
    let rig = cold_rig(|builder| builder);
    rig.script.fails();
    rig.keys.ready().await.unwrap_err();
    assert_eq!(rig.answer(&rig.token()).await, "unavailable");
    let stats = rig.keys.stats();
    assert_eq!((stats.keys, stats.age), (0, None));

    // Nobody needs to ask: it is retried soon.
    rig.script.says(jwks([&rig.key]));
    rig.pass(Duration::from_secs(5)).await;
    rig.verifier.verify_now(&rig.token()).unwrap();
}

#[tokio::test(start_paused = true)]
async fn who_waited_for_a_fetch_that_failed_does_not_wait_for_another() {
    let rig = cold_rig(|builder| builder);
    rig.script.fails();
    rig.script.takes(Duration::from_secs(1));
    assert_eq!(rig.answer(&rig.token()).await, "unavailable");
    assert_eq!(rig.script.fetches(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_retried_once_a_cool_down_at_most() {
    let rig = rig().await;
    rig.script.fails();
    rig.pass(Duration::from_secs(3600)).await;
    let fetches = rig.script.fetches();
    assert!((100..150).contains(&fetches), "{fetches}");
}

#[tokio::test(start_paused = true)]
async fn a_fetch_that_never_ends_is_ended() {
    let rig = cold_rig(|builder| builder);
    rig.script.takes(DAY);
    rig.keys.ready().await.unwrap_err();
    assert_eq!(rig.keys.stats().failures, 1);
    rig.script.takes(Duration::ZERO);
    rig.pass(COOL_DOWN).await;
    rig.keys.refresh("any").await.unwrap();
    assert_eq!(rig.answer(&rig.token()).await, "good");
}
