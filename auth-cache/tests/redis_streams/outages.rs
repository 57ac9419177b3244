//! A server that dies, freezes or cuts off.

use std::time::{Duration, Instant};

use auth_cache::publisher::RedisStreams;
use auth_core::event::PublishErrorKind;
use auth_testkit::servers::{Direction, Proxy, Redis, Verdict};

use super::support::{
    KEEPS, STREAM, entries, event, link, numbers, one, publish, publisher, until_published,
};

const UNAVAILABLE: Result<(), PublishErrorKind> = Err(PublishErrorKind::Unavailable);

/// For the link's deadline of 2 s.
const PATIENCE: Duration = Duration::from_secs(15);

#[tokio::test]
async fn what_was_published_survives_the_loss_of_the_server() {
    let mut redis = Redis::start_with(&KEEPS).await.unwrap();
    let publisher = publisher(&redis);
    let mut acknowledged = Vec::new();
    for turn in 0..5 {
        for number in 0..40 {
            let number = turn * 40 + number;
            until_published(&publisher, &event(number, "s")).await;
            acknowledged.push(number);
        }
        redis.kill_9().unwrap();
        assert_eq!(one(&publisher, &event(999, "other")).await, UNAVAILABLE);
        redis.restart().await.unwrap();
        let mut kept = numbers(&redis);
        kept.dedup();
        assert_eq!(kept, acknowledged);
    }
}

#[tokio::test]
async fn an_answer_that_is_lost_makes_a_duplicate_that_can_be_told() {
    let redis = Redis::start().await.unwrap();
    let proxy = Proxy::before(&redis.url()).unwrap();
    let publisher = RedisStreams::new(link(proxy.url()), STREAM);
    one(&publisher, &event(0, "s")).await.unwrap();
    // Let it live long enough not to look like a server that hangs up at once.
    tokio::time::sleep(Duration::from_millis(600)).await;
    let mut is_cut = false;
    proxy.rule(move |piece| {
        // Once: another try would get through.
        if piece.direction == Direction::ToServer || is_cut {
            return Verdict::Pass;
        }
        is_cut = true;
        Verdict::Cut { after: 0 }
    });
    assert_eq!(one(&publisher, &event(1, "s")).await, UNAVAILABLE);
    proxy.no_rule();
    assert_eq!(numbers(&redis), [0, 1], "sent once, and done");
    until_published(&publisher, &event(1, "s")).await;
    let entries = entries(&redis);
    assert_eq!(entries.len(), 3);
    assert_eq!(entries[1]["message-id"], entries[2]["message-id"]);
    assert_ne!(entries[0]["message-id"], entries[1]["message-id"]);
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "it measures real servers")]
async fn a_frozen_server_is_an_outage_and_what_it_does_late_comes_first_in_order() {
    let redis = Redis::start().await.unwrap();
    let publisher = publisher(&redis);
    one(&publisher, &event(0, "s")).await.unwrap();
    tokio::time::sleep(Duration::from_millis(600)).await;
    redis.freeze().unwrap();
    for _ in 0..4 {
        let began = Instant::now();
        let batch = [event(1, "s"), event(2, "t")];
        for result in publish(&publisher, &batch).await {
            let error = result.unwrap_err();
            assert_eq!(error.kind(), PublishErrorKind::Unavailable);
        }
        assert!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
    }
    redis.thaw().unwrap();
    until_published(&publisher, &event(1, "s")).await;
    until_published(&publisher, &event(3, "s")).await;
    let mut first = numbers(&redis);
    let mut seen = std::collections::HashSet::new();
    first.retain(|number| *number != 2 && seen.insert(*number));
    assert_eq!(first, [0, 1, 3], "counting each the first time");
}
