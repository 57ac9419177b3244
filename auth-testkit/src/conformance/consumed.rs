//! A consumer handles an event once.

use std::time::Duration;

use auth_core::{EventId, TenantId};
use auth_store::{ConsumerStore, Store};

use super::Subject;
use super::race::at_once;
use super::world::{HOUR, MINUTE, World};

fn marks(store: &dyn Store) -> Option<&dyn ConsumerStore> {
    store.consumer_store()
}

async fn is_first(
    world: &World,
    turn: usize,
    consumer: &str,
    tenant: TenantId,
    event: EventId,
) -> bool {
    let store = world.handle(turn);
    let marks = marks(&*store).unwrap();
    marks
        .first_seen(consumer, tenant, event, HOUR)
        .await
        .unwrap()
}

/// Of several who get one event at once, one is the first.
pub async fn of_32_deliveries_at_once_one_is_first(subject: &dyn Subject) {
    let world = World::new(subject).await;
    if marks(&*world.store).is_none() {
        return;
    }
    for _ in 0..4 {
        let event = world.event_id();
        let first = at_once(32, |turn| {
            let world = world.clone();
            async move { is_first(&world, turn, "c", TenantId::DEFAULT, event).await }
        })
        .await;
        let first = first.into_iter().filter(|first| *first).count();
        assert_eq!(first, 1, "one event is handled once by a consumer");
    }
}

/// Another consumer, another tenant, another event: each is a first time.
pub async fn each_consumer_sees_each_event_for_itself(subject: &dyn Subject) {
    let world = World::new(subject).await;
    if marks(&*world.store).is_none() {
        return;
    }
    let (event, other) = (world.event_id(), world.event_id());
    let tenant = world.tenant().await;
    let default = TenantId::DEFAULT;
    for (consumer, tenant, event) in [
        ("c", default, event),
        ("C", default, event),
        ("", default, event),
        ("c", tenant, event),
        ("c", default, other),
    ] {
        let first = is_first(&world, 0, consumer, tenant, event).await;
        assert!(first, "each consumer sees each event for itself");
        let again = is_first(&world, 1, consumer, tenant, event).await;
        assert!(!again, "what was seen was seen");
    }
}

/// A mark is kept as long as was asked, and no longer.
pub async fn a_mark_is_kept_for_its_time(subject: &dyn Subject) {
    let world = World::new(subject).await;
    if marks(&*world.store).is_none() {
        return;
    }
    let event = world.event_id();
    let first = || is_first(&world, 0, "c", TenantId::DEFAULT, event);
    assert!(first().await);
    subject.pass(HOUR.saturating_sub(MINUTE)).await;
    assert!(!first().await, "a mark is kept as long as was asked");
    subject.pass(MINUTE * 2).await;
    assert!(first().await, "a mark expires");
    let ever = Duration::MAX;
    let other = world.event_id();
    let store = marks(&*world.store).unwrap();
    for expected in [true, false] {
        let first = store.first_seen("c", TenantId::DEFAULT, other, ever).await;
        assert_eq!(first.unwrap(), expected, "for ever is no overflow");
    }
}
