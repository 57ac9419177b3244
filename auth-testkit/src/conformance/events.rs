//! What the cases about events have in common.

use std::sync::Arc;
use std::time::Duration;

use auth_core::event::{Event, EventKind};
use auth_core::{EventId, SystemRandom, TenantId, draw};
use auth_store::{Claim, Claimed, Delivery, Effects, NewEvent, OutboxStore, RelayId, Store};
use serde_json::json;

use super::world::World;

pub(super) const SOURCE: &str = "https://auth.example.org/";

/// More than any case has.
pub(super) const ALL: Claim = Claim {
    subjects: 1000,
    of_each: 1000,
    lease: Duration::from_secs(60),
};

/// Where the events are. A store that keeps none has nothing to show.
pub(super) fn outbox(store: &dyn Store) -> Option<&dyn OutboxStore> {
    store.outbox_store()
}

pub(super) fn relay() -> RelayId {
    let bytes: [u8; 16] = draw(&SystemRandom::new()).unwrap();
    RelayId(uuid::Uuid::from_bytes(bytes))
}

impl World {
    pub(super) fn event_id(&self) -> EventId {
        EventId::from_uuid(*self.user_id().as_uuid())
    }

    pub(super) fn event(&self, kind: &str) -> NewEvent {
        let data = json!({ "kind": kind });
        NewEvent::new(self.event_id(), EventKind::new(kind).unwrap(), data).unwrap()
    }

    /// One event of this kind.
    pub(super) fn effects(&self, kind: &str) -> Effects {
        Effects::events(SOURCE, [self.event(kind)])
    }

    /// The store, for a change that tells an event of this kind.
    pub(super) fn telling(&self, turn: usize, kind: &str) -> Arc<dyn Store> {
        let store = self.handle(turn);
        outbox(&*store).unwrap().carrying(self.effects(kind))
    }

    /// Adds events about a subject, in order.
    pub(super) async fn add(&self, subject: &str, kinds: &[&str]) {
        self.add_in(TenantId::DEFAULT, subject, kinds).await;
    }

    pub(super) async fn add_in(&self, tenant: TenantId, subject: &str, kinds: &[&str]) {
        let events = kinds
            .iter()
            .map(|kind| self.event(kind).about(subject).unwrap());
        let events = Effects::events(SOURCE, events);
        let outbox = outbox(&*self.store).unwrap();
        outbox.add_events(tenant, &events).await.unwrap();
    }

    pub(super) async fn claim(&self, relay: RelayId, claim: Claim) -> Vec<Claimed> {
        let outbox = outbox(&*self.second).unwrap();
        outbox.claim_events(relay, claim).await.unwrap()
    }

    pub(super) async fn settle(&self, relay: RelayId, deliveries: &[(u64, Delivery)]) {
        let outbox = outbox(&*self.store).unwrap();
        outbox.settle_events(relay, deliveries).await.unwrap();
    }

    /// All events that wait, which leave the outbox.
    pub(super) async fn drain(&self) -> Vec<Event> {
        let relay = relay();
        let mut all = Vec::new();
        loop {
            let claimed = self.claim(relay, ALL).await;
            if claimed.is_empty() {
                return all;
            }
            let published: Vec<_> = claimed
                .iter()
                .map(|claimed| (claimed.event.sequence, Delivery::Published))
                .collect();
            self.settle(relay, &published).await;
            all.extend(claimed.into_iter().map(|claimed| claimed.event));
        }
    }
}

/// Their kinds, in order.
pub(super) fn kinds<'e>(events: impl IntoIterator<Item = &'e Event>) -> Vec<&'e str> {
    events
        .into_iter()
        .map(|event| event.kind.as_str())
        .collect()
}

pub(super) fn claimed_kinds(claimed: &[Claimed]) -> Vec<&str> {
    kinds(claimed.iter().map(|claimed| &claimed.event))
}

/// To be tried again.
pub(super) fn later(after: Duration, refused: bool) -> Delivery {
    Delivery::Later {
        after,
        refused,
        error: "no".to_owned(),
    }
}
