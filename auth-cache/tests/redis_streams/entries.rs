//! What is in the stream.

use std::time::Duration;

use auth_cache::publisher::RedisStreams;
use auth_cache::redis::RedisLink;
use auth_core::TenantId;
use auth_core::event::{PublishError, PublishErrorKind};
use auth_testkit::servers::{Redis, RedisCluster};
use tokio::task::JoinSet;

use super::support::{STREAM, entries, event, large_event, numbers, one, publish, publisher};

#[tokio::test]
async fn an_entry_is_a_cloud_event_and_says_what_it_is_without_being_parsed() {
    let redis = Redis::start().await.unwrap();
    let event = event(7, "a \"subject\"\r\n\0 ü");
    one(&publisher(&redis), &event).await.unwrap();
    let entry = &entries(&redis)[0];
    let id = format!("{}/{}", TenantId::DEFAULT, event.id);
    assert_eq!(entry["message-id"], id);
    assert_eq!(entry["type"], "flow.told");
    assert_eq!(entry["subject"], event.subject);
    assert_eq!(entry["content-type"], "application/cloudevents+json");
    assert_eq!(entry["event"], event.to_json().unwrap());
}

#[tokio::test]
async fn a_batch_arrives_as_a_whole_and_events_of_one_subject_in_order() {
    let redis = Redis::start().await.unwrap();
    let publisher = publisher(&redis);
    for round in 0..20 {
        let batch: Vec<_> = (0..50)
            .map(|subject| event(round * 50 + subject, &subject.to_string()))
            .collect();
        let results = publish(&publisher, &batch).await;
        assert!(results.iter().all(Result::is_ok), "{results:?}");
    }
    let numbers = numbers(&redis);
    assert_eq!(numbers.len(), 1_000);
    for subject in 0..50 {
        let own: Vec<_> = numbers.iter().filter(|it| *it % 50 == subject).collect();
        assert!(own.is_sorted() && own.len() == 20, "{own:?}");
    }
    assert!(publish(&publisher, &[]).await.is_empty());
}

#[tokio::test]
async fn what_is_published_again_comes_twice_with_one_message_id() {
    let redis = Redis::start().await.unwrap();
    let publisher = publisher(&redis);
    for _ in 0..2 {
        one(&publisher, &event(1, "s")).await.unwrap();
    }
    let entries = entries(&redis);
    assert_eq!(entries.len(), 2);
    assert_eq!(entries[0]["message-id"], entries[1]["message-id"]);
}

#[tokio::test]
async fn what_is_too_large_is_refused_and_nothing_beside_it() {
    let redis = Redis::start_with(&[("proto-max-bulk-len", "1mb")])
        .await
        .unwrap();
    let publisher = publisher(&redis);
    let mut most = large_event(2, "b", 0);
    let spare = (1 << 20) - most.to_json().unwrap().len();
    most = large_event(2, "b", spare);
    assert_eq!(most.to_json().unwrap().len(), 1 << 20);
    let batch = [event(1, "a"), most, large_event(3, "c", spare + 1)];
    let results = publish(&publisher, &batch).await;
    let kinds = results
        .iter()
        .map(|it| it.as_ref().map_err(PublishError::kind));
    let kinds: Vec<_> = kinds.collect();
    let rejected = Err(PublishErrorKind::Rejected);
    assert_eq!(kinds, [Ok(&()), Ok(&()), rejected]);
    assert_eq!(numbers(&redis), [1, 2]);
    let strict = self::publisher(&redis).with_largest_event(600);
    one(&strict, &event(4, "d")).await.unwrap();
    let refused = one(&strict, &large_event(5, "e", 600)).await;
    assert_eq!(refused, Err(PublishErrorKind::Rejected));
    assert_eq!(numbers(&redis), [1, 2, 4]);
}

#[tokio::test]
async fn a_stream_keeps_all_unless_it_is_told_how_many() {
    let redis = Redis::start_with(&[("stream-node-max-entries", "10")])
        .await
        .unwrap();
    let all = publisher(&redis);
    for number in 0..100 {
        one(&all, &event(number, "s")).await.unwrap();
    }
    assert_eq!(numbers(&redis).len(), 100);
    let some = publisher(&redis).with_max_len(20);
    one(&some, &event(100, "s")).await.unwrap();
    let left = numbers(&redis);
    assert!((20..=30).contains(&left.len()), "{left:?}");
    assert_eq!(left.last(), Some(&100), "the oldest go");
}

#[tokio::test]
async fn many_publishers_at_once_lose_nothing() {
    let redis = Redis::start().await.unwrap();
    let mut all = JoinSet::new();
    for writer in 0..8 {
        let publisher = publisher(&redis);
        all.spawn(async move {
            for number in 0..100 {
                let event = event(writer * 100 + number, &writer.to_string());
                one(&publisher, &event).await.unwrap();
            }
        });
    }
    all.join_all().await;
    let mut numbers = numbers(&redis);
    numbers.sort_unstable();
    assert!(numbers.into_iter().eq(0..800));
}

#[tokio::test]
async fn in_a_cluster_the_stream_is_where_its_tag_is() {
    let mut cluster = RedisCluster::start().await.unwrap();
    let urls = cluster.urls();
    let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
    let link = RedisLink::cluster(&urls).unwrap();
    let link = link.with_deadline(Duration::from_secs(2)).build().unwrap();
    let publisher = RedisStreams::new(link, STREAM);
    let batch: Vec<_> = (0..20).map(|n| event(n, &n.to_string())).collect();
    for result in publish(&publisher, &batch).await {
        result.unwrap();
    }
    let nodes = cluster.nodes().iter();
    let found = nodes.filter(|node| {
        let length = node.command(&["XLEN", STREAM]);
        length.is_ok_and(|length| length == ["20"])
    });
    assert_eq!(found.count(), 1);
}
