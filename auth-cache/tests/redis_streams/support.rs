//! A server with a stream, and what is in it.

use std::collections::HashMap;
use std::time::Duration;

use auth_cache::publisher::RedisStreams;
use auth_cache::redis::RedisLink;
use auth_core::event::{Event, EventKind, PublishError, PublishErrorKind, Publisher};
use auth_core::{EventId, TenantId, Timestamp};
use auth_testkit::servers::Redis;

pub(super) const STREAM: &str = "{auth}:events";

/// Longer than anything here takes: what is late is stuck.
pub(super) const HANG: Duration = Duration::from_secs(60);

/// With everything on disk before it is answered.
pub(super) const KEEPS: [(&str, &str); 2] = [("appendonly", "yes"), ("appendfsync", "always")];

pub(super) fn link(url: &str) -> RedisLink {
    let link = RedisLink::single(url).unwrap();
    link.with_deadline(Duration::from_secs(2)).build().unwrap()
}

pub(super) fn publisher(redis: &Redis) -> RedisStreams {
    RedisStreams::new(link(&redis.url()), STREAM)
}

/// The one of that number, which is its id, about a subject.
pub(super) fn event(number: u64, subject: &str) -> Event {
    large_event(number, subject, 0)
}

/// With a text of so many bytes in it.
pub(super) fn large_event(number: u64, subject: &str, bytes: usize) -> Event {
    Event::stored(
        EventId::from_uuid(uuid::Uuid::from_u128(number.into())),
        TenantId::DEFAULT,
        "https://auth.example.org/".to_owned(),
        EventKind::new("flow.told").unwrap(),
        subject.to_owned(),
        Timestamp::from_unix_seconds(1_800_000_000),
        number,
        format!(r#"{{"n":{number},"text":"{}"}}"#, "x".repeat(bytes)),
    )
}

/// Publishes in time, whatever comes of it.
pub(super) async fn publish(
    publisher: &dyn Publisher,
    batch: &[Event],
) -> Vec<Result<(), PublishError>> {
    let ended = tokio::time::timeout(HANG, publisher.publish(batch)).await;
    let results = ended.unwrap();
    assert_eq!(results.len(), batch.len());
    results
}

/// How it ends for one event.
pub(super) async fn one(publisher: &dyn Publisher, event: &Event) -> Result<(), PublishErrorKind> {
    let mut results = publish(publisher, std::slice::from_ref(event)).await;
    results.remove(0).map_err(|error| error.kind())
}

/// Why, to the bottom.
pub(super) async fn refusal(publisher: &dyn Publisher, event: &Event) -> String {
    let mut results = publish(publisher, std::slice::from_ref(event)).await;
    let error = results.remove(0).unwrap_err();
    assert_eq!(error.kind(), PublishErrorKind::Unavailable);
    let mut said = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(error) = source {
        said = format!("{said}: {error}");
        source = error.source();
    }
    said
}

/// Until it is published.
pub(super) async fn until_published(publisher: &dyn Publisher, event: &Event) {
    let trying = async {
        while one(publisher, event).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(HANG, trying).await.unwrap();
}

/// The fields of an entry.
pub(super) type Entry = HashMap<String, String>;

/// What is in the stream, in its order.
pub(super) fn entries(redis: &Redis) -> Vec<Entry> {
    const WORDS: usize = 11;
    let said = redis.command(&["XRANGE", STREAM, "-", "+"]).unwrap();
    assert_eq!(said.len() % WORDS, 0, "five fields and an id");
    let fields = said.chunks(WORDS).map(|entry| entry[1..].chunks(2));
    let pairs = fields.map(|all| all.map(|it| (it[0].clone(), it[1].clone())));
    pairs.map(Iterator::collect).collect()
}

/// The numbers of events in the stream.
pub(super) fn numbers(redis: &Redis) -> Vec<u64> {
    let entries = entries(redis);
    let events = entries.iter().map(|entry| {
        let event: serde_json::Value = serde_json::from_str(&entry["event"]).unwrap();
        event["data"]["n"].as_u64().unwrap()
    });
    events.collect()
}
