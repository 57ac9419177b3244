//! Key ids that somebody made up.

use std::sync::Arc;
use std::time::Duration;

use auth_cache::jwks::RemoteJwks;
use auth_core::key::KeySource;

use crate::support::{COOL_DOWN, Script, jwks, logged, new_key, record_logs, rig};

#[tokio::test(start_paused = true)]
async fn c47_ten_thousand_made_up_ids_cause_one_fetch_a_cool_down() {
    let rig = rig().await;
    let good = rig.token();
    for round in 1..=3 {
        for id in 0..10_000 {
            rig.keys.refresh(&format!("{round}-{id}")).await.unwrap();
            if id % 100 == 0 {
                rig.verifier.verify_now(&good).unwrap();
            }
        }
        assert_eq!(rig.script.fetches(), 1 + round);
        rig.clock.advance(COOL_DOWN);
    }
    assert_eq!(rig.answer(&rig.forged("made up")).await, "unknown key");
}

#[tokio::test(start_paused = true)]
async fn known_keys_verify_while_a_fetch_hangs() {
    let rig = rig().await;
    rig.script.takes(Duration::from_secs(9));
    let keys = rig.keys.clone();
    let waiter = tokio::spawn(async move { keys.refresh("made up").await });
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(rig.script.fetches(), 2);
    assert!(!waiter.is_finished());
    rig.verifier.verify_now(&rig.token()).unwrap();
    waiter.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_hundred_who_want_a_new_key_share_one_fetch() {
    let rig = rig().await;
    let new = new_key();
    rig.script.says(jwks([&rig.key, &new]));
    rig.script.takes(Duration::from_secs(1));
    let token = rig.token_of(&new);
    let waiters: Vec<_> = (0..100)
        .map(|_| {
            let (verifier, token) = (rig.verifier.clone(), token.clone());
            tokio::spawn(async move { verifier.verify(&token).await.is_ok() })
        })
        .collect();
    for waiter in waiters {
        assert!(waiter.await.unwrap());
    }
    assert_eq!(rig.script.fetches(), 2);
}

#[tokio::test(start_paused = true)]
async fn who_gives_up_waiting_neither_stops_the_fetch_nor_causes_another() {
    let rig = rig().await;
    let new = new_key();
    rig.script.says(jwks([&rig.key, &new]));
    rig.script.takes(Duration::from_secs(2));
    let token = rig.token_of(&new);
    for _ in 0..50 {
        let verify = rig.verifier.verify(&token);
        tokio::time::timeout(Duration::from_millis(10), verify)
            .await
            .unwrap_err();
    }
    assert_eq!(rig.answer(&token).await, "good");
    assert_eq!(rig.script.fetches(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_key_published_while_a_fetch_is_under_way_is_found_by_the_next() {
    let rig = rig().await;
    let new = new_key();
    rig.script.takes(Duration::from_secs(5));
    // The refresh ahead of time asks just before the key is published.
    while rig.script.fetches() < 2 {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    rig.script.says(jwks([&rig.key, &new]));
    assert_eq!(rig.answer(&rig.token_of(&new)).await, "good");
    assert_eq!(rig.script.fetches(), 3);
}

#[tokio::test(start_paused = true)]
async fn made_up_ids_are_not_logged() {
    record_logs();
    let rig = rig().await;
    for id in 0..100 {
        rig.keys.refresh(&format!("made-up-{id}")).await.unwrap();
    }
    assert_eq!(logged("made-up"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn c47_threads_that_flood_at_once_cause_one_fetch() {
    let script = Script::new(jwks([&new_key()]));
    let keys = RemoteJwks::builder("https://auth.example/jwks", script.clone())
        .build()
        .unwrap();
    keys.ready().await.unwrap();
    script.takes(Duration::from_millis(20));
    let keys = Arc::new(keys);
    let tasks: Vec<_> = (0..100)
        .map(|task| {
            let keys = keys.clone();
            tokio::spawn(async move {
                for id in 0..100 {
                    keys.refresh(&format!("{task}-{id}")).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(script.fetches(), 2);
}
