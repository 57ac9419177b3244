//! Replicas that must have an event.

use std::time::Duration;

use auth_cache::publisher::RedisStreams;
use auth_testkit::servers::Redis;

use super::support::{
    STREAM, event, link, numbers, one, publish, publisher, refusal, until_published,
};

/// For a replica that is not there, and for one that is, on a machine with much to do.
const WITHIN: Duration = Duration::from_millis(300);
const PATIENCE: Duration = Duration::from_secs(5);

async fn replica_of(primary: &Redis) -> Redis {
    let of = format!("127.0.0.1 {}", primary.port());
    let settings = [
        ("replicaof", of.as_str()),
        ("masterauth", primary.password()),
        ("repl-diskless-sync-delay", "0"),
    ];
    Redis::start_with(&settings).await.unwrap()
}

#[tokio::test]
async fn an_event_is_published_when_the_replica_has_it() {
    let primary = Redis::start().await.unwrap();
    let alone = publisher(&primary).with_replicas(1, WITHIN);
    let said = refusal(&alone, &event(0, "s")).await;
    assert!(said.contains("0 replicas have it, and not 1"), "{said}");
    let replica = replica_of(&primary).await;
    let publisher = publisher(&primary).with_replicas(1, PATIENCE);
    until_published(&publisher, &event(0, "s")).await;
    for round in 1..50 {
        let batch = [event(round * 2, "s"), event(round * 2 + 1, "t")];
        for result in publish(&publisher, &batch).await {
            result.unwrap();
        }
        let has = numbers(&replica);
        assert!(has.ends_with(&[round * 2, round * 2 + 1]), "{has:?}");
    }
    // Two are more than there are.
    let two = self::publisher(&primary).with_replicas(2, 5 * WITHIN);
    let said = refusal(&two, &event(200, "s")).await;
    assert!(said.contains("1 replicas have it, and not 2"), "{said}");
}

#[tokio::test]
async fn a_replica_that_is_frozen_is_an_outage_for_these_events_and_nobody_else() {
    let primary = Redis::start().await.unwrap();
    let replica = replica_of(&primary).await;
    let link = link(&primary.url());
    let of = |link| RedisStreams::new(link, STREAM);
    let copied = of(link.clone()).with_replicas(1, Duration::from_secs(3));
    until_published(&copied, &event(0, "s")).await;
    replica.freeze().unwrap();
    let waiting = tokio::spawn(async move {
        let result = one(&copied, &event(1, "s")).await;
        (copied, result)
    });
    // Over the shared connection of the same link, which `WAIT` does not hold up.
    let alone = of(link);
    for number in 100..120 {
        one(&alone, &event(number, "t")).await.unwrap();
    }
    assert!(!waiting.is_finished(), "the replica has it not");
    let (copied, result) = waiting.await.unwrap();
    result.unwrap_err();
    replica.thaw().unwrap();
    until_published(&copied, &event(1, "s")).await;
    assert_eq!(numbers(&replica).last(), Some(&1));
}

#[tokio::test]
async fn a_primary_that_was_killed_and_one_that_is_none_any_more_are_outages() {
    let mut primary = Redis::start().await.unwrap();
    let other = Redis::start().await.unwrap();
    let publisher = publisher(&primary).with_replicas(0, WITHIN);
    one(&publisher, &event(0, "s")).await.unwrap();
    primary.kill_9().unwrap();
    one(&publisher, &event(1, "s")).await.unwrap_err();
    primary.restart().await.unwrap();
    until_published(&publisher, &event(1, "s")).await;
    let port = other.port().to_string();
    primary.command(&["REPLICAOF", "127.0.0.1", &port]).unwrap();
    one(&publisher, &event(2, "s")).await.unwrap_err();
    primary.command(&["REPLICAOF", "NO", "ONE"]).unwrap();
    until_published(&publisher, &event(2, "s")).await;
    let numbers = numbers(&primary);
    assert!(numbers.ends_with(&[2]), "{numbers:?}");
}
