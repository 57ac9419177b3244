//! A stream of Redis that writes to its disk before it answers.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use auth_cache::publisher::RedisStreams;
use auth_cache::redis::RedisLink;
use auth_testkit::servers::{Redis, ServerError};

use super::dead_letter;
use super::flow::{
    Arrived, add, check, end, event, events, outbox, postgres, relay, turns, until_empty, write,
};

const STREAM: &str = "auth:events";

const KEEPS: [(&str, &str); 2] = [("appendonly", "yes"), ("appendfsync", "always")];

/// Over a link of its own, as an instance has.
fn publisher(redis: &Redis) -> RedisStreams {
    let link = RedisLink::single(&redis.url()).unwrap();
    let link = link.with_deadline(Duration::from_secs(1)).build().unwrap();
    RedisStreams::new(link, STREAM)
}

/// A busy machine may keep the server from answering for a while.
async fn ask(redis: &Redis, words: &[&str]) -> Vec<String> {
    let mut tries = 0;
    loop {
        match redis.command(words) {
            Ok(answer) => return answer,
            Err(error @ ServerError::System { .. }) if tries < 100 => {
                tries += 1;
                eprintln!("asked again: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            Err(error) => panic!("{error}"),
        }
    }
}

async fn length(redis: &Redis) -> usize {
    ask(redis, &["XLEN", STREAM]).await[0].parse().unwrap()
}

/// All entries, in their order.
async fn arrived(redis: &Redis) -> Vec<Arrived> {
    /// The id, and five fields.
    const WORDS: usize = 11;
    let (mut all, mut from) = (Vec::new(), "-".to_owned());
    loop {
        let read = ["XRANGE", STREAM, &from, "+", "COUNT", "1000"];
        let entries = ask(redis, &read).await;
        let Some(last) = entries.chunks(WORDS).last() else {
            return all;
        };
        from = format!("({}", last[0]);
        for entry in entries.chunks(WORDS) {
            let field = |name| {
                let found = entry[1..].chunks(2).find(|it| it[0] == name);
                found.unwrap()[1].as_str()
            };
            let event = Arrived::parse(field("event").as_bytes());
            assert_eq!(
                field("message-id"),
                format!("{}/{}", event.tenant, event.id)
            );
            assert_eq!(field("subject"), event.subject);
            all.push(event);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn through_kills_and_freezes_everything_arrives_in_order() {
    let mut redis = Redis::start_with(&KEEPS).await.unwrap();
    let stores = postgres().await;
    let mut relays = Vec::new();
    for store in &stores[..2] {
        let relay = relay(store, Arc::new(publisher(&redis)));
        relays.push(relay.with_patience(Duration::from_secs(3)).start().unwrap());
    }
    let writing = tokio::spawn({
        let store = stores[2].clone();
        async move { write(&store, events()).await }
    });
    let (mut kills, mut freezes) = (0, 0);
    for turn in 0..turns() {
        // In the middle of it.
        let target = length(&redis).await + events() / turns() / 2;
        for _ in 0..1_000 {
            tokio::time::sleep(Duration::from_millis(10)).await;
            if length(&redis).await >= target {
                break;
            }
        }
        if turn % 2 == 0 {
            redis.kill_9().unwrap();
            tokio::time::sleep(Duration::from_millis(200)).await;
            redis.restart().await.unwrap();
            kills += 1;
        } else {
            redis.freeze().unwrap();
            tokio::time::sleep(Duration::from_millis(2_500)).await;
            redis.thaw().unwrap();
            freezes += 1;
        }
    }
    let written = writing.await.unwrap();
    until_empty(&stores[0]).await;
    let published = end(relays).await;
    assert_eq!(outbox(&stores[0]).outbox_status().await.unwrap().dead, 0);
    // What counts as published is on the disk.
    redis.kill_9().unwrap();
    redis.restart().await.unwrap();
    let twice = check(&written, &arrived(&redis).await);
    let all = written.len();
    eprintln!(
        "{all} events, {kills} kills, {freezes} freezes, {published} answers, {twice} came more than once"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_for_the_stream_is_a_dead_letter_until_it_fits() {
    let redis = Redis::start_with(&KEEPS).await.unwrap();
    let [store, ..] = postgres().await;
    let strict = publisher(&redis).with_largest_event(16_384);
    let letter = dead_letter::refused(&store, Arc::new(strict), 20_000).await;
    assert!(letter.error.contains("too large"), "{letter:?}");
    dead_letter::replayed(&store, &letter, Arc::new(publisher(&redis))).await;
    let arrived = arrived(&redis).await;
    let numbers: Vec<u64> = arrived.iter().map(|event| event.number).collect();
    assert_eq!(numbers, [1, 0], "after what went on without it");
    let ids: HashSet<_> = arrived.iter().map(|event| event.id).collect();
    assert_eq!(ids.len(), 2);
}

/// Whatever is wrong with the stream, it costs an event no attempt.
#[tokio::test(flavor = "multi_thread")]
async fn while_the_key_is_no_stream_an_event_waits() {
    let redis = Redis::start_with(&KEEPS).await.unwrap();
    ask(&redis, &["SET", STREAM, "v"]).await;
    let [store, ..] = postgres().await;
    let told = vec![event("flow.told", "s", serde_json::json!({ "n": 0 }))];
    add(&store, told).await;
    let relay = relay(&store, Arc::new(publisher(&redis))).with_attempts(1);
    let relay = relay.start().unwrap();
    while relay.stats().unavailable < 3 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    ask(&redis, &["DEL", STREAM]).await;
    until_empty(&store).await;
    assert_eq!(relay.shut_down(Duration::from_secs(5)).await.dead, 0);
    assert_eq!(arrived(&redis).await.len(), 1);
}
