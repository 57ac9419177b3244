//! Kafka, as librdkafka's own cluster in the process plays it: it has no files, so
//! its brokers are taken away, slowed down and made to fail, not killed.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use auth_store::outbox::KafkaPublisher;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Message;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};

use super::dead_letter;
use super::flow::{
    Arrived, check, end, events, outbox, postgres, relay, turns, until_empty, write,
};

const TOPIC: &str = "auth-events";
const BROKERS: i32 = 3;

fn cluster() -> MockCluster<'static, DefaultProducerContext> {
    let cluster = MockCluster::new(BROKERS).unwrap();
    cluster.create_topic(TOPIC, PARTITIONS, 3).unwrap();
    cluster
}

fn publisher_of(servers: &str) -> KafkaPublisher {
    let settings = [
        ("bootstrap.servers", servers),
        ("message.timeout.ms", "2000"),
        // The mock looks at no sequence numbers, by which a broker refuses what comes
        // after a request that it has refused.
        ("max.in.flight.requests.per.connection", "1"),
        ("reconnect.backoff.max.ms", "200"),
    ];
    KafkaPublisher::with_settings(&settings, TOPIC).unwrap()
}

/// So many that none of them holds more than the 5 MB that the mock keeps, in a soak
/// either.
const PARTITIONS: i32 = 16;

/// Reads all partitions from their beginning, until as many different events have
/// come as are awaited, or none for a minute.
fn consume(servers: &str, awaited: usize) -> Vec<Arrived> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", servers)
        .set("group.id", "test")
        .set("auto.offset.reset", "error")
        .set("enable.auto.commit", "false")
        .set("reconnect.backoff.max.ms", "200")
        .create()
        .unwrap();
    let mut all = TopicPartitionList::new();
    for partition in 0..PARTITIONS {
        let added = all.add_partition_offset(TOPIC, partition, Offset::Beginning);
        added.unwrap();
    }
    consumer.assign(&all).unwrap();
    let (mut all, mut ids, mut quiet) = (Vec::new(), HashSet::new(), 0);
    let mut partitions: HashMap<String, i32> = HashMap::new();
    while ids.len() < awaited && quiet < 600 {
        match consumer.poll(Duration::from_millis(100)) {
            Some(Ok(message)) => {
                quiet = 0;
                let event = Arrived::parse(message.payload().unwrap());
                assert_eq!(message.key(), Some(event.subject.as_bytes()));
                let partition = message.partition();
                let of = partitions.entry(event.subject.clone()).or_insert(partition);
                assert_eq!(*of, partition, "a subject has one partition");
                ids.insert(event.id);
                all.push(event);
            }
            _ => quiet += 1,
        }
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn through_outages_everything_arrives_in_order() {
    let cluster = cluster();
    let servers = cluster.bootstrap_servers();
    let stores = postgres().await;
    let mut relays = Vec::new();
    for store in &stores[..2] {
        let relay = relay(store, Arc::new(publisher_of(&servers)));
        relays.push(relay.with_patience(Duration::from_secs(5)).start().unwrap());
    }
    let writing = tokio::spawn({
        let store = stores[2].clone();
        async move { write(&store, events()).await }
    });
    let all = |change: &dyn Fn(i32)| (1..=BROKERS).for_each(change);
    for turn in 0..turns() {
        tokio::time::sleep(Duration::from_millis(300)).await;
        match turn % 3 {
            0 => {
                all(&|broker| cluster.broker_down(broker).unwrap());
                tokio::time::sleep(Duration::from_millis(3_000)).await;
                all(&|broker| cluster.broker_up(broker).unwrap());
            }
            1 => {
                let slow = Duration::from_millis(3_000);
                all(&|broker| cluster.broker_round_trip_time(broker, slow).unwrap());
                tokio::time::sleep(Duration::from_millis(3_000)).await;
                let fast = Duration::ZERO;
                all(&|broker| cluster.broker_round_trip_time(broker, fast).unwrap());
            }
            _ => cluster.request_errors(
                RDKafkaApiKey::Produce,
                &[
                    RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
                    RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
                    RDKafkaRespErr::RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
                ],
            ),
        }
    }
    let written = writing.await.unwrap();
    until_empty(&stores[0]).await;
    let published = end(relays).await;
    assert_eq!(outbox(&stores[0]).outbox_status().await.unwrap().dead, 0);
    let (bus, count) = (servers.clone(), written.len());
    let arrived = tokio::task::spawn_blocking(move || consume(&bus, count));
    let twice = check(&written, &arrived.await.unwrap());
    let (all, turns) = (written.len(), turns());
    eprintln!("{all} events, {turns} outages, {published} answers, {twice} came more than once");
}

/// It can be looked at, and arrives when it is put back and the limit is higher.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_is_a_dead_letter_until_it_fits() {
    let cluster = cluster();
    let servers = cluster.bootstrap_servers();
    let settings = [
        ("bootstrap.servers", servers.as_str()),
        ("message.max.bytes", "16384"),
    ];
    let publisher = KafkaPublisher::with_settings(&settings, TOPIC).unwrap();
    let [store, ..] = postgres().await;
    let letter = dead_letter::refused(&store, Arc::new(publisher), 20_000).await;
    assert!(letter.error.contains("too large"), "{letter:?}");
    dead_letter::replayed(&store, &letter, Arc::new(publisher_of(&servers))).await;
    let arrived = tokio::task::spawn_blocking(move || consume(&servers, 2));
    let arrived = arrived.await.unwrap();
    let numbers: Vec<u64> = arrived.iter().map(|event| event.number).collect();
    assert_eq!(numbers, [1, 0], "after what went on without it");
}

#[test]
fn what_would_weaken_a_published_event_is_refused() {
    for name in ["acks", "request.required.acks", "enable.idempotence"] {
        assert!(
            KafkaPublisher::with_settings(&[(name, "1")], TOPIC).is_err(),
            "{name}"
        );
    }
    let unknown = KafkaPublisher::with_settings(&[("no.such.setting", "1")], TOPIC);
    assert!(unknown.unwrap_err().to_string().contains("no.such.setting"));
}
