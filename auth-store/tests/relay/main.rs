//! The relay, over every store, to a bus that fails in all ways.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "../flow/mod.rs"]
mod flow;

use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use auth_core::event::{Event, PublishError, PublishErrorKind, Publisher};
use auth_core::{ManualClock, SystemRandom, Timestamp, draw};
use auth_store::outbox::RelayError;
use auth_store::{Claim, MemoryStore, RelayId, Store};
use flow::{Arrived, add, check, end, event, events, outbox, relay, until_empty, write};

/// What happens to a call, or to an event of it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Weather {
    Fine,
    /// The bus is gone.
    Down,
    /// It never answers.
    Silent,
    /// The publisher has a defect.
    Panic,
    /// It answers too little.
    Short,
    /// Each of these at random, and answers that are lost.
    Storm,
}

#[derive(Debug)]
struct Bus {
    arrived: Mutex<Vec<Event>>,
    weather: Mutex<Weather>,
    calls: AtomicUsize,
}

impl Bus {
    fn new(weather: Weather) -> Arc<Self> {
        Arc::new(Self {
            arrived: Mutex::default(),
            weather: Mutex::new(weather),
            calls: AtomicUsize::new(0),
        })
    }

    fn set(&self, weather: Weather) {
        *self.weather.lock().unwrap() = weather;
    }

    fn kinds(&self) -> Vec<String> {
        let arrived = self.arrived.lock().unwrap();
        arrived.iter().map(|event| event.kind.to_string()).collect()
    }

    /// Until so many calls more have come.
    async fn called(&self, calls: usize) {
        let target = self.calls.load(Ordering::SeqCst) + calls;
        while self.calls.load(Ordering::SeqCst) < target {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

fn dice() -> u8 {
    draw::<1>(&SystemRandom::new()).unwrap()[0]
}

#[async_trait]
impl Publisher for Bus {
    async fn publish(&self, batch: &[Event]) -> Vec<Result<(), PublishError>> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let subjects: std::collections::HashSet<_> = batch
            .iter()
            .map(|event| (event.tenant, &event.subject))
            .collect();
        assert_eq!(
            subjects.len(),
            batch.len(),
            "a call has one event of each subject"
        );
        let now = *self.weather.lock().unwrap();
        let now = match (now, dice()) {
            (Weather::Storm, 0..8) => Weather::Panic,
            (Weather::Storm, 8..16) => Weather::Short,
            (Weather::Storm, 16..32) => Weather::Down,
            (now, _) => now,
        };
        match now {
            Weather::Silent => pending().await,
            Weather::Panic => panic!("a defect"),
            Weather::Down => {
                let down = |_: &Event| Err(PublishErrorKind::Unavailable.into());
                return batch.iter().map(down).collect();
            }
            _ => {}
        }
        tokio::time::sleep(Duration::from_micros(100)).await;
        let mut results = Vec::new();
        for event in batch {
            if event.kind.as_str().ends_with("poison") {
                results.push(Err(PublishError::new(PublishErrorKind::Rejected, "poison")));
                continue;
            }
            let is_unheard = event.kind.as_str().ends_with("unheard");
            if is_unheard || now == Weather::Storm && dice() < 16 {
                results.push(Err(PublishErrorKind::Unavailable.into()));
                continue;
            }
            self.arrived.lock().unwrap().push(event.clone());
            let is_lost = now == Weather::Storm && dice() < 16;
            results.push(if is_lost {
                Err(PublishErrorKind::Unavailable.into())
            } else {
                Ok(())
            });
        }
        if now == Weather::Short {
            results.truncate(results.len() / 2);
        }
        results
    }
}

fn memory() -> Arc<dyn Store> {
    Arc::new(MemoryStore::new())
}

/// Three relays, one of which is replaced all the time, while events come.
async fn storm(stores: [Arc<dyn Store>; 3]) {
    // The publisher's defects are part of it, and not worth a page each.
    std::panic::set_hook(Box::new(|panic| {
        let says = panic.payload().downcast_ref::<&str>();
        if says != Some(&"a defect") {
            eprintln!("{panic}");
        }
    }));
    let bus = Bus::new(Weather::Storm);
    let start = |n: usize| {
        let relay = relay(&stores[n], bus.clone()).with_batch(20, 3);
        relay.start().unwrap()
    };
    let relays = vec![start(0), start(1)];
    let writing = tokio::spawn({
        let store = stores[0].clone();
        async move { write(&store, events()).await }
    });
    let mut short_lived = start(2);
    let mut left = true;
    while left {
        tokio::time::sleep(Duration::from_millis(20)).await;
        short_lived.shut_down(Duration::from_secs(30)).await;
        short_lived = start(2);
        let status = outbox(&stores[0]).outbox_status().await.unwrap();
        left = !writing.is_finished() || status.waiting > 0;
    }
    let written = writing.await.unwrap();
    end(relays).await;
    short_lived.shut_down(Duration::from_secs(30)).await;
    let status = outbox(&stores[0]).outbox_status().await.unwrap();
    assert_eq!(
        (status.waiting, status.dead),
        (0, 0),
        "an outage kills nothing"
    );
    let arrived: Vec<_> = bus
        .arrived
        .lock()
        .unwrap()
        .iter()
        .map(Arrived::of)
        .collect();
    let twice = check(&written, &arrived);
    assert!(twice > 0, "lost answers were not part of it");
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_storm_everything_arrives_in_order_from_memory() {
    let store = memory();
    storm([store.clone(), store.clone(), store]).await;
}

#[cfg(feature = "sqlite")]
#[tokio::test(flavor = "multi_thread")]
async fn in_a_storm_everything_arrives_in_order_from_sqlite() {
    let directory = tempfile::tempdir().unwrap();
    let store = auth_store::SqliteStore::open(directory.path().join("auth.db"));
    let store: Arc<dyn Store> = Arc::new(store.await.unwrap());
    storm([store.clone(), store.clone(), store]).await;
}

#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread")]
async fn in_a_storm_everything_arrives_in_order_from_postgres() {
    let [a, b, c] = flow::postgres().await;
    storm([a, b, c]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_bus_refuses_becomes_a_dead_letter_and_the_rest_goes_on() {
    let store = memory();
    let bus = Bus::new(Weather::Fine);
    let none = serde_json::json!({});
    let kinds = ["first", "a.poison", "last"];
    add(
        &store,
        kinds.map(|kind| event(kind, "s", none.clone())).into(),
    )
    .await;
    let relay = relay(&store, bus.clone()).with_attempts(3).start().unwrap();
    until_empty(&store).await;
    assert_eq!(bus.kinds(), ["first", "last"]);
    let letters = outbox(&store).dead_letters(0, 10).await.unwrap();
    assert_eq!(letters.len(), 1);
    assert_eq!(
        (letters[0].failures, letters[0].event.kind.as_str()),
        (3, "a.poison")
    );
    assert!(letters[0].error.contains("poison"));

    let again = outbox(&store)
        .replay_dead_letters(letters[0].event.tenant, &[letters[0].event.id])
        .await;
    assert_eq!(again.unwrap(), 1);
    until_empty(&store).await;
    let stats = relay.shut_down(Duration::from_secs(5)).await;
    assert_eq!((stats.published, stats.refused, stats.dead), (2, 6, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_of_any_kind_is_waited_out() {
    let store = memory();
    let bus = Bus::new(Weather::Down);
    add(&store, vec![event("first", "s", serde_json::json!({}))]).await;
    let relay = relay(&store, bus.clone())
        .with_patience(Duration::from_millis(50))
        .with_attempts(2)
        .start()
        .unwrap();
    for weather in [
        Weather::Down,
        Weather::Silent,
        Weather::Panic,
        Weather::Short,
    ] {
        bus.set(weather);
        // More than the attempts that the bus may refuse.
        bus.called(4).await;
        let status = outbox(&store).outbox_status().await.unwrap();
        assert_eq!((status.waiting, status.dead), (1, 0), "{weather:?}");
    }
    bus.set(Weather::Fine);
    until_empty(&store).await;
    let stats = relay.shut_down(Duration::from_secs(5)).await;
    assert_eq!((stats.refused, stats.dead), (0, 0));
    assert!(stats.unavailable >= 12, "{stats:?}");
}

/// A bus that is down is asked about an event more and more seldom, although the
/// relay finds nothing to take in between.
#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_the_bus_alone_waits_longer_each_time() {
    let clock = Arc::new(ManualClock::at(Timestamp::from_unix_seconds(1_800_000_000)));
    let store: Arc<dyn Store> = Arc::new(MemoryStore::with_clock(clock.clone()));
    let bus = Bus::new(Weather::Down);
    let minute = Duration::from_secs(60);
    let relay = relay(&store, bus.clone())
        .with_poll(Duration::from_millis(1))
        .with_back_off(minute, minute * 1_000)
        .start()
        .unwrap();
    let calls = || u32::try_from(bus.calls.load(Ordering::SeqCst)).unwrap();
    // It looks again and again.
    let looks = async || {
        for _ in 0..20 {
            relay.wake();
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    add(&store, vec![event("first", "s", serde_json::json!({}))]).await;
    for failures in 1..=5_u32 {
        while calls() < failures {
            relay.wake();
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        looks().await;
        assert_eq!(calls(), failures);
        // Just before the shortest it may wait.
        let shortest = minute * 2_u32.pow(failures - 1) / 2;
        let second = Duration::from_secs(1);
        clock.advance(shortest.saturating_sub(second));
        looks().await;
        assert_eq!(
            calls(),
            failures,
            "after {failures} it waits for {shortest:?}"
        );
        clock.advance(shortest + second);
    }
    bus.set(Weather::Fine);
    clock.advance(minute * 1_000);
    until_empty(&store).await;
}

/// What nobody listens to is waited for on its own, however much there is of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_kind_that_nobody_listens_to_holds_up_no_other() {
    let store = memory();
    let bus = Bus::new(Weather::Fine);
    let none = serde_json::json!({});
    let mut all: Vec<_> = (0..40)
        .map(|n| event("a.unheard", &format!("a{n}"), none.clone()))
        .collect();
    all.push(event("heard", "z", none));
    add(&store, all).await;
    let hour = Duration::from_secs(3600);
    let relay = relay(&store, bus.clone())
        .with_batch(10, 4)
        .with_back_off(hour, hour)
        .start()
        .unwrap();
    let heard = async {
        while bus.kinds().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let heard = tokio::time::timeout(Duration::from_secs(30), heard).await;
    assert!(heard.is_ok(), "the rest goes out");
    let stats = relay.shut_down(Duration::from_secs(5)).await;
    assert_eq!((stats.published, stats.unavailable), (1, 40));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_relay_takes_nothing_until_it_is_to_go_on() {
    let store = memory();
    let bus = Bus::new(Weather::Fine);
    let relay = relay(&store, bus.clone()).start().unwrap();
    relay.pause();
    relay.pause();
    assert!(relay.is_paused());
    // What it was at when it was told.
    tokio::time::sleep(Duration::from_millis(100)).await;
    add(&store, vec![event("first", "s", serde_json::json!({}))]).await;
    relay.wake();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(bus.kinds(), [""; 0]);
    relay.resume();
    until_empty(&store).await;
    assert_eq!(bus.kinds(), ["first"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_is_woken_does_not_wait_for_its_time() {
    let store = memory();
    let bus = Bus::new(Weather::Fine);
    let relay = relay(&store, bus.clone())
        .with_poll(Duration::from_secs(3600))
        .start()
        .unwrap();
    add(&store, vec![event("first", "s", serde_json::json!({}))]).await;
    relay.wake();
    until_empty(&store).await;
}

/// Nobody waits for the lease of a relay that ended in good order.
#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_shuts_down_lets_go_of_what_it_holds() {
    let store = memory();
    let bus = Bus::new(Weather::Silent);
    let none = serde_json::json!({});
    let two = ["first", "second"].map(|kind| event(kind, "s", none.clone()));
    add(&store, two.into()).await;
    let relay = relay(&store, bus.clone())
        .with_patience(Duration::from_millis(300))
        .start()
        .unwrap();
    bus.called(1).await;
    let ids = [
        RelayId(uuid::Uuid::from_u128(1)),
        RelayId(uuid::Uuid::from_u128(2)),
    ];
    let claim = Claim {
        subjects: 10,
        of_each: 10,
        lease: Duration::from_secs(60),
    };
    let held = outbox(&store).claim_events(ids[0], claim).await.unwrap();
    assert!(held.is_empty(), "the relay holds them");
    relay.shut_down(Duration::from_secs(30)).await;
    // The time after which the failed one is to be tried again.
    tokio::time::sleep(Duration::from_millis(600)).await;
    let taken = outbox(&store).claim_events(ids[1], claim).await.unwrap();
    assert_eq!(taken.len(), 2);
}

#[tokio::test]
async fn what_could_not_work_does_not_start() {
    let bus = || Bus::new(Weather::Fine);
    let long = relay(&memory(), bus()).with_patience(Duration::from_secs(30));
    assert!(matches!(long.start(), Err(RelayError::Lease)));
}
