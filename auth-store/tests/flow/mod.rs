//! Events that go through a relay, and what must be true of those that arrive.
#![allow(dead_code, reason = "each test file uses its part")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use auth_core::event::{Event, EventKind, Publisher};
use auth_core::{Clock, EventId, SystemClock, SystemRandom, TenantId};
use auth_store::outbox::{Relay, Relaying};
use auth_store::{Effects, NewEvent, OutboxStore, Store};

/// Longer than anything here takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(600);

const WRITERS: usize = 4;
const SUBJECTS: usize = 25;
/// Committed together.
const BATCH: usize = 10;

/// How many events go through; more in a soak.
pub(crate) fn events() -> usize {
    let soak = std::env::var("AUTH_TEST_OUTBOX_EVENTS");
    soak.map_or(2_000, |events| events.parse().unwrap())
}

/// How often the bus fails meanwhile.
pub(crate) fn turns() -> usize {
    6 + events() / 10_000
}

pub(crate) fn outbox(store: &Arc<dyn Store>) -> &dyn OutboxStore {
    store.outbox_store().unwrap()
}

pub(crate) fn event(kind: &str, subject: &str, data: serde_json::Value) -> NewEvent {
    let id = EventId::draw(SystemClock.now().wall, &SystemRandom::new()).unwrap();
    let event = NewEvent::new(id, EventKind::new(kind).unwrap(), data).unwrap();
    event.about(subject).unwrap()
}

pub(crate) async fn add(store: &Arc<dyn Store>, events: Vec<NewEvent>) {
    let effects = Effects::events("https://auth.example.org/", events);
    let added = outbox(store).add_events(TenantId::DEFAULT, &effects);
    added.await.unwrap();
}

/// Three handles on one schema of its own, as three instances have.
#[cfg(feature = "postgres")]
pub(crate) async fn postgres() -> [Arc<dyn Store>; 3] {
    let url = auth_testkit::servers::postgres_url().await.unwrap();
    let id = EventId::draw(SystemClock.now().wall, &SystemRandom::new()).unwrap();
    let schema = format!("flow_{}", id.as_uuid().simple());
    let mut stores: Vec<Arc<dyn Store>> = Vec::new();
    for _ in 0..3 {
        let builder = auth_store::PgStore::builder(&url).with_schema(&schema);
        let store = builder.with_max_connections(5).connect().await.unwrap();
        stores.push(Arc::new(store));
    }
    stores.try_into().unwrap()
}

/// Writes events, each subject's numbered by one writer. The ids, once all are
/// committed.
pub(crate) async fn write(store: &Arc<dyn Store>, events: usize) -> HashSet<EventId> {
    let writers = (0..WRITERS).map(|writer| {
        let store = store.clone();
        tokio::spawn(async move {
            let mut ids = HashSet::new();
            let own = (0..events / WRITERS).map(|n| {
                let subject = format!("{writer}/{}", n % SUBJECTS);
                event(
                    "flow.told",
                    &subject,
                    serde_json::json!({ "n": n / SUBJECTS }),
                )
            });
            let own: Vec<_> = own.collect();
            for batch in own.chunks(BATCH) {
                ids.extend(batch.iter().map(NewEvent::id));
                add(&store, batch.to_vec()).await;
            }
            ids
        })
    });
    let mut all = HashSet::new();
    for writer in writers.collect::<Vec<_>>() {
        all.extend(writer.await.unwrap());
    }
    assert_eq!(all.len(), events / WRITERS * WRITERS);
    all
}

/// A relay that loses no time.
pub(crate) fn relay(store: &Arc<dyn Store>, publisher: Arc<dyn Publisher>) -> Relay {
    Relay::new(store.clone(), publisher)
        .with_poll(Duration::from_millis(20))
        .with_back_off(Duration::from_millis(20), Duration::from_millis(500))
}

/// Until nothing waits any more.
pub(crate) async fn until_empty(store: &Arc<dyn Store>) {
    let empty = async {
        while outbox(store).outbox_status().await.unwrap().waiting > 0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, empty).await.unwrap();
}

pub(crate) async fn end(relays: Vec<Relaying>) -> u64 {
    let mut published = 0;
    for relay in relays {
        published += relay.shut_down(Duration::from_secs(30)).await.published;
    }
    published
}

/// An event as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Arrived {
    pub(crate) id: EventId,
    pub(crate) tenant: String,
    pub(crate) subject: String,
    pub(crate) number: u64,
}

impl Arrived {
    /// From a CloudEvent.
    pub(crate) fn parse(json: &[u8]) -> Self {
        let event: serde_json::Value = serde_json::from_slice(json).unwrap();
        assert_eq!(event["specversion"], "1.0");
        Self {
            id: event["id"].as_str().unwrap().parse().unwrap(),
            tenant: event["tenant"].as_str().unwrap().to_owned(),
            subject: event["subject"].as_str().unwrap().to_owned(),
            number: event["data"]["n"].as_u64().unwrap(),
        }
    }

    pub(crate) fn of(event: &Event) -> Self {
        Self::parse(event.to_json().unwrap().as_bytes())
    }
}

/// All that were written arrived, and nothing else; counting each id the first
/// time, in order for each subject. How many came more than once.
pub(crate) fn check(written: &HashSet<EventId>, arrived: &[Arrived]) -> usize {
    let mut seen = HashSet::new();
    let mut next: HashMap<&str, u64> = HashMap::new();
    for event in arrived {
        assert!(written.contains(&event.id), "what arrives was committed");
        if !seen.insert(event.id) {
            continue;
        }
        let expected = next.entry(&event.subject).or_default();
        assert_eq!(
            event.number, *expected,
            "events of {} arrive in order",
            event.subject
        );
        *expected += 1;
    }
    assert_eq!(seen.len(), written.len(), "what was committed arrives");
    arrived.len() - seen.len()
}
