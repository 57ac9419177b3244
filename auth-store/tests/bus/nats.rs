//! NATS JetStream.

use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::stream::{Config, Stream};
use async_nats::{Client, ConnectOptions};
use auth_core::TenantId;
use auth_store::Effects;
use auth_store::outbox::NatsPublisher;
use auth_testkit::servers::Nats;

use super::dead_letter;
use super::flow::{
    Arrived, add, check, end, event, events, outbox, postgres, relay, turns, until_empty, write,
};

async fn connect(nats: &Nats) -> Client {
    let (user, password) = nats.credentials();
    let options = ConnectOptions::with_user_and_password(user, password)
        .reconnect_delay_callback(|_| Duration::from_millis(50));
    options.connect(nats.url()).await.unwrap()
}

/// `duplicates`: for how long the stream drops what it has had.
async fn stream(client: &Client, duplicates: Duration) -> Stream {
    let context = async_nats::jetstream::new(client.clone());
    let config = Config {
        name: "events".to_owned(),
        subjects: vec!["events.>".to_owned()],
        duplicate_window: duplicates,
        ..Config::default()
    };
    context.create_stream(config).await.unwrap()
}

/// All messages, in their order.
async fn arrived(stream: &Stream) -> Vec<Arrived> {
    let last = stream.get_info().await.unwrap().state.last_sequence;
    let mut all = Vec::new();
    for sequence in 1..=last {
        let message = stream.get_raw_message(sequence).await.unwrap();
        assert_eq!(message.subject.as_str(), "events.flow.told");
        let event = Arrived::parse(&message.payload);
        let id = message.headers.get("Nats-Msg-Id").unwrap();
        assert_eq!(id.as_str(), format!("{}/{}", event.tenant, event.id));
        all.push(event);
    }
    all
}

/// With so short a window JetStream lets duplicates through, so that they are
/// seen.
async fn through_kills_and_freezes(window: Duration) -> usize {
    let mut nats = Nats::start().await.unwrap();
    let client = connect(&nats).await;
    let stream = stream(&client, window).await;
    let stores = postgres().await;
    let mut relays = Vec::new();
    for store in &stores[..2] {
        let client = connect(&nats).await;
        let publisher = NatsPublisher::new(client, "events").with_timeout(Duration::from_secs(1));
        let relay = relay(store, Arc::new(publisher)).with_patience(Duration::from_secs(3));
        relays.push(relay.start().unwrap());
    }
    let writing = tokio::spawn({
        let store = stores[2].clone();
        async move { write(&store, events()).await }
    });
    for turn in 0..turns() {
        // In the middle of it.
        let step = events() / turns() / 2;
        let target = stream.get_info().await.unwrap().state.messages + step as u64;
        for _ in 0..step {
            tokio::time::sleep(Duration::from_millis(10)).await;
            if stream.get_info().await.unwrap().state.messages >= target {
                break;
            }
        }
        if turn % 2 == 0 {
            nats.kill_9().unwrap();
            tokio::time::sleep(Duration::from_millis(200)).await;
            nats.restart().await.unwrap();
        } else {
            nats.freeze().unwrap();
            tokio::time::sleep(Duration::from_millis(1_500)).await;
            nats.thaw().unwrap();
        }
    }
    let written = writing.await.unwrap();
    until_empty(&stores[0]).await;
    end(relays).await;
    assert_eq!(outbox(&stores[0]).outbox_status().await.unwrap().dead, 0);
    check(&written, &arrived(&stream).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn through_kills_and_freezes_everything_arrives_in_order() {
    let twice = through_kills_and_freezes(Duration::from_millis(100)).await;
    eprintln!("{twice} came more than once");
}

#[tokio::test(flavor = "multi_thread")]
async fn within_its_window_the_stream_drops_what_comes_twice() {
    let twice = through_kills_and_freezes(Duration::from_secs(600)).await;
    assert_eq!(twice, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_for_the_server_is_a_dead_letter() {
    let nats = Nats::start_with(&[("max_payload", "16384")]).await.unwrap();
    let client = connect(&nats).await;
    let stream = stream(&client, Duration::from_secs(1)).await;
    the_large_one_is_a_dead_letter(client, stream, 20_000, "payload").await;
}

/// A stream may take less than its server, of the whole message and with headers
/// and all.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_for_the_stream_is_a_dead_letter() {
    let nats = Nats::start().await.unwrap();
    let client = connect(&nats).await;
    let context = async_nats::jetstream::new(client.clone());
    let config = Config {
        name: "events".to_owned(),
        subjects: vec!["events.>".to_owned()],
        max_message_size: 1024,
        ..Config::default()
    };
    let stream = context.create_stream(config).await.unwrap();
    the_large_one_is_a_dead_letter(client, stream, 2_000, "size").await;
}

/// Of one subject, an event with a text of `large` bytes that the bus does not take,
/// which `error` is a word of, and a small one behind it.
async fn the_large_one_is_a_dead_letter(client: Client, stream: Stream, large: usize, error: &str) {
    let [store, ..] = postgres().await;
    let publisher = Arc::new(NatsPublisher::new(client, "events"));
    let letter = dead_letter::refused(&store, publisher, large).await;
    assert!(letter.error.contains(error), "{}", letter.error);
    assert_eq!(arrived(&stream).await[0].number, 1);
}

/// An application may derive an event's id, and tell two tenants the same.
#[tokio::test(flavor = "multi_thread")]
async fn one_id_of_two_tenants_is_two_messages() {
    let nats = Nats::start().await.unwrap();
    let client = connect(&nats).await;
    let stream = stream(&client, Duration::from_secs(600)).await;
    let [store, ..] = postgres().await;
    let told = [event("flow.told", "s", serde_json::json!({ "n": 0 }))];
    let told = Effects::events("https://auth.example.org/", told);
    let other = TenantId::from_uuid(uuid::Uuid::from_u128(7));
    for tenant in [TenantId::DEFAULT, other] {
        let added = outbox(&store).add_events(tenant, &told);
        added.await.unwrap();
    }
    let publisher = Arc::new(NatsPublisher::new(client, "events"));
    let relay = relay(&store, publisher).start().unwrap();
    until_empty(&store).await;
    let stats = relay.shut_down(Duration::from_secs(5)).await;
    assert_eq!(stats.published, 2);
    let arrived = arrived(&stream).await;
    let tenants: std::collections::HashSet<_> =
        arrived.iter().map(|event| event.tenant.clone()).collect();
    let told = [TenantId::DEFAULT, other].map(|tenant| tenant.to_string());
    assert_eq!(tenants, told.into());
}

/// Until somebody makes the stream, the event waits.
#[tokio::test(flavor = "multi_thread")]
async fn without_a_stream_an_event_waits() {
    let nats = Nats::start().await.unwrap();
    let client = connect(&nats).await;
    let [store, ..] = postgres().await;
    add(
        &store,
        vec![event("flow.told", "s", serde_json::json!({ "n": 0 }))],
    )
    .await;
    let publisher = Arc::new(NatsPublisher::new(client.clone(), "events"));
    let relay = relay(&store, publisher).with_attempts(1).start().unwrap();
    while relay.stats().unavailable < 3 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let stream = stream(&client, Duration::from_secs(1)).await;
    until_empty(&store).await;
    assert_eq!(relay.shut_down(Duration::from_secs(5)).await.dead, 0);
    assert_eq!(arrived(&stream).await.len(), 1);
}
