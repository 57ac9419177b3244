//! A server that is there and does not take events: they wait until it does.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use auth_cache::publisher::RedisStreams;
use auth_cache::redis::RedisLink;
use auth_testkit::servers::Redis;
use tracing_subscriber::fmt::MakeWriter;

use super::support::{
    KEEPS, STREAM, event, large_event, numbers, one, publish, publisher, refusal,
};

#[tokio::test]
async fn a_key_that_is_no_stream_is_an_outage() {
    let redis = Redis::start().await.unwrap();
    redis.command(&["SET", STREAM, "v"]).unwrap();
    let publisher = publisher(&redis);
    let said = refusal(&publisher, &event(1, "s")).await;
    assert!(said.contains("WRONGTYPE"), "{said}");
    redis.command(&["DEL", STREAM]).unwrap();
    one(&publisher, &event(1, "s")).await.unwrap();
    assert_eq!(numbers(&redis), [1]);
}

#[tokio::test]
async fn a_server_without_memory_is_an_outage_until_somebody_trims() {
    let settings = [("maxmemory", "8mb"), ("maxmemory-policy", "noeviction")];
    let redis = Redis::start_with(&settings).await.unwrap();
    let publisher = publisher(&redis);
    let batch: Vec<_> = (0..30)
        .map(|n| large_event(n, &n.to_string(), 500_000))
        .collect();
    let results = publish(&publisher, &batch).await;
    let is_published: Vec<_> = results.iter().map(Result::is_ok).collect();
    let mut stored = numbers(&redis);
    let expected: Vec<_> = (0..30).map(|n| stored.contains(&n)).collect();
    assert_eq!(is_published, expected, "each has its own result");
    assert!((1..30).contains(&stored.len()), "8 MB hold some");
    // The memory that the batch took on its way may be free again.
    for number in 30.. {
        let event = large_event(number, "s", 500_000);
        if one(&publisher, &event).await.is_err() {
            break;
        }
        stored.push(number);
        assert!(stored.len() < 30, "8 MB hold fewer");
    }
    let said = refusal(&publisher, &large_event(99, "s", 500_000)).await;
    assert!(said.contains("OOM"), "{said}");
    assert_eq!(numbers(&redis), stored, "none is lost");
    redis.command(&["XTRIM", STREAM, "MAXLEN", "1"]).unwrap();
    one(&publisher, &event(100, "s")).await.unwrap();
}

#[tokio::test]
async fn a_user_without_the_right_is_an_outage_and_little_right_is_enough() {
    let user = "relay on >secret ~{auth}:* +info +ping";
    let redis = Redis::start_with(&[("user", user)]).await.unwrap();
    let to = |stream: &str| {
        let link = RedisLink::single(&redis.url()).unwrap();
        let link = link.with_credentials("relay", "secret").build().unwrap();
        RedisStreams::new(link, stream)
    };
    let (publisher, other) = (to(STREAM), to("other"));
    let said = refusal(&publisher, &event(1, "s")).await;
    assert!(said.contains("NOPERM"), "{said}");
    let granted = ["ACL", "SETUSER", "relay", "+xadd"];
    redis.command(&granted).unwrap();
    one(&publisher, &event(1, "s")).await.unwrap();
    let said = refusal(&other, &event(2, "s")).await;
    assert!(said.contains("NOPERM"), "{said}");
    assert_eq!(numbers(&redis), [1]);
}

/// What is logged while a publisher meets a server.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

async fn warnings(settings: &[(&str, &str)]) -> String {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_writer(log.clone());
    let guard = tracing::subscriber::set_default(subscriber.finish());
    let mut redis = Redis::start_with(settings).await.unwrap();
    let publisher = publisher(&redis);
    let mut said = String::new();
    for life in 0..2 {
        // Found out by the first event of the second life, asked by the next.
        for number in 0..5 {
            super::support::until_published(&publisher, &event(number, "s")).await;
        }
        let logged = std::mem::take(&mut *log.0.lock().unwrap());
        let logged = String::from_utf8(logged).unwrap();
        let lines = logged.lines().filter(|it| it.contains("lose published"));
        for line in lines {
            writeln!(said, "{life}: {line}").unwrap();
        }
        redis.kill_9().unwrap();
        redis.restart().await.unwrap();
    }
    drop(guard);
    said
}

#[tokio::test]
async fn a_server_that_may_lose_events_is_warned_about_once_in_each_of_its_lives() {
    assert_eq!(warnings(&KEEPS).await, "");
    let cache = [("maxmemory", "50mb"), ("maxmemory-policy", "allkeys-lru")];
    let said = warnings(&cache).await;
    assert_eq!(said.matches("appendonly is off").count(), 2, "{said}");
    assert_eq!(said.matches("evicts streams").count(), 2, "{said}");
    assert_eq!(said.matches("1: ").count(), 2, "{said}");
}
