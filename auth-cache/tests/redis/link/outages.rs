//! One server that dies, freezes, or is far away.

use std::time::{Duration, Instant};

use auth_testkit::servers::{Proxy, Redis};

use super::support::{ask, bulk, call, link, until_answered};
use crate::redis::{LinkErrorKind, RedisLink};

/// Three times what is promised.
const RECOVERY: Duration = Duration::from_secs(6);

/// For a call with the deadline of 200 ms: it ends, and nearly at once.
const PATIENCE: Duration = Duration::from_secs(2);

/// Asks until it fails, each time in time, and says how.
#[expect(clippy::disallowed_methods, reason = "it measures real servers")]
async fn until_failed(link: &RedisLink) -> LinkErrorKind {
    loop {
        let began = Instant::now();
        let answer = ask(link, &["GET", "k"]).await;
        assert!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
        if let Err(error) = answer {
            return error.kind().clone();
        }
    }
}

#[tokio::test]
async fn f01_a_server_that_was_killed_is_found_again_soon_after_it_is_back() {
    let mut redis = Redis::start().await.unwrap();
    let link = link(&redis.url());
    ask(&link, &["SET", "k", "v"]).await.unwrap();
    let before = link.call(&call(&["PING"])).await.unwrap().server;
    redis.kill_9().unwrap();
    let first = until_failed(&link).await;
    assert!(
        matches!(first, LinkErrorKind::Broken | LinkErrorKind::Unavailable),
        "{first:?}"
    );
    for _ in 0..50 {
        assert_eq!(until_failed(&link).await, LinkErrorKind::Unavailable);
    }
    redis.restart().await.unwrap();
    let took = until_answered(&link, &["GET", "k"]).await;
    eprintln!("recovered from SIGKILL after {took:?}");
    assert!(took < RECOVERY, "{took:?}");
    let after = link.call(&call(&["PING"])).await.unwrap().server;
    assert_ne!(before, after, "another life of the server");
}

#[tokio::test]
async fn f02_a_frozen_server_is_noticed_and_found_again_soon_after_it_goes_on() {
    let redis = Redis::start().await.unwrap();
    let link = link(&redis.url());
    ask(&link, &["SET", "k", "v"]).await.unwrap();
    // Not one that seems to hang up on everybody.
    tokio::time::sleep(Duration::from_millis(600)).await;
    redis.freeze().unwrap();
    assert_eq!(until_failed(&link).await, LinkErrorKind::TimedOut);
    // The connection is given up, and no other can be had.
    let mut kinds = Vec::new();
    while kinds.last() != Some(&LinkErrorKind::Unavailable) {
        kinds.push(until_failed(&link).await);
        assert!(kinds.len() < 10, "{kinds:?}");
    }
    redis.thaw().unwrap();
    let took = until_answered(&link, &["GET", "k"]).await;
    eprintln!("recovered from SIGSTOP after {took:?}");
    assert!(took < RECOVERY, "{took:?}");
    assert_eq!(ask(&link, &["GET", "k"]).await.unwrap(), bulk("v"));
}

#[tokio::test]
async fn f02_a_server_that_is_replaced_while_it_is_frozen_is_another() {
    let mut redis = Redis::start().await.unwrap();
    let link = link(&redis.url());
    let before = link.call(&call(&["PING"])).await.unwrap().server;
    redis.freeze().unwrap();
    until_failed(&link).await;
    redis.kill_9().unwrap();
    redis.restart().await.unwrap();
    let took = until_answered(&link, &["PING"]).await;
    assert!(took < RECOVERY, "{took:?}");
    assert_ne!(link.call(&call(&["PING"])).await.unwrap().server, before);
}

#[tokio::test]
async fn f03_a_slow_link_is_used_until_it_is_slower_than_the_deadline() {
    let redis = Redis::start().await.unwrap();
    let proxy = Proxy::before(&redis.url()).unwrap();
    let link = link(proxy.url());
    proxy.delay(Duration::from_millis(20));
    // Connecting takes more turns than a call has time for.
    until_answered(&link, &["SET", "k", "v"]).await;
    assert_eq!(ask(&link, &["GET", "k"]).await.unwrap(), bulk("v"));
    proxy.delay(Duration::from_millis(300));
    assert_eq!(until_failed(&link).await, LinkErrorKind::TimedOut);
    proxy.delay(Duration::ZERO);
    let took = until_answered(&link, &["GET", "k"]).await;
    eprintln!("recovered from a slow link after {took:?}");
    assert!(took < RECOVERY, "{took:?}");
}

#[tokio::test]
async fn a_call_that_may_be_done_twice_survives_a_connection_that_is_cut() {
    let redis = Redis::start().await.unwrap();
    let proxy = Proxy::before(&redis.url()).unwrap();
    let link = link(proxy.url());
    ask(&link, &["SET", "n", "0"]).await.unwrap();
    // Let it live long enough not to look like a server that hangs up at once.
    tokio::time::sleep(Duration::from_millis(600)).await;
    let cut_once = || {
        let mut is_cut = false;
        proxy.rule(move |piece| {
            use auth_testkit::servers::{Direction, Verdict};
            let is_answer = piece.direction == Direction::ToClient;
            if is_cut || !is_answer {
                return Verdict::Pass;
            }
            is_cut = true;
            Verdict::Cut { after: 0 }
        });
    };
    cut_once();
    let again = link.call(&call(&["INCR", "n"]).repeatable()).await;
    assert_eq!(again.unwrap().value, redis::Value::Int(2), "done twice");
    tokio::time::sleep(Duration::from_millis(600)).await;
    cut_once();
    let once = link.call(&call(&["INCR", "n"])).await.unwrap_err();
    assert_eq!(*once.kind(), LinkErrorKind::Broken);
    assert!(once.may_have_happened());
    proxy.no_rule();
    until_answered(&link, &["PING"]).await;
    assert_eq!(
        ask(&link, &["GET", "n"]).await.unwrap(),
        bulk("3"),
        "done once"
    );
}
