//! Events that wait to be published, in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use auth_core::event::Event;
use auth_core::{EventId, TenantId, Timestamp};

use super::MemoryStore;
use super::state::State;
use crate::error::StoreError;
use crate::traits::{
    Claim, Claimed, DeadLetter, Delivery, Effects, OutboxStatus, OutboxStore, RelayId, Store,
};

/// The rows, by their place in the order.
#[derive(Default)]
pub(super) struct Outbox {
    rows: BTreeMap<u64, Row>,
    /// The rows of each subject.
    of_subject: BTreeSet<(TenantId, String, u64)>,
    ids: BTreeSet<(TenantId, EventId)>,
    dead: BTreeMap<u64, DeadLetter>,
    last: u64,
    /// Where the last claim ended: the next one goes on from there, so that no
    /// subject waits for ever.
    walked: Option<(TenantId, String)>,
}

struct Row {
    event: Event,
    failures: u32,
    due_at: Timestamp,
    /// Only of the first of its subject: it speaks for those behind it.
    claimed: Option<(RelayId, Timestamp)>,
}

impl Outbox {
    fn insert(&mut self, event: Event, now: Timestamp) {
        if !self.ids.insert((event.tenant, event.id)) {
            return;
        }
        let (tenant, subject) = (event.tenant, event.subject.clone());
        self.of_subject.insert((tenant, subject, event.sequence));
        let row = Row {
            event,
            failures: 0,
            due_at: now,
            claimed: None,
        };
        self.rows.insert(row.event.sequence, row);
    }

    fn remove(&mut self, sequence: u64) -> Option<Row> {
        let row = self.rows.remove(&sequence)?;
        let Event {
            tenant,
            id,
            ref subject,
            ..
        } = row.event;
        self.ids.remove(&(tenant, id));
        self.of_subject.remove(&(tenant, subject.clone(), sequence));
        Some(row)
    }

    /// The events of a subject, from `sequence` on.
    fn from(&self, event: &Event) -> impl Iterator<Item = u64> {
        let of = |sequence| (event.tenant, event.subject.clone(), sequence);
        self.of_subject
            .range(of(event.sequence)..=of(u64::MAX))
            .map(|(_, _, sequence)| *sequence)
    }

    /// The first event of each subject, from where the last claim ended to the end
    /// and from the beginning again.
    fn firsts(&self) -> impl Iterator<Item = &Row> {
        let beginning = (TenantId::from_uuid(uuid::Uuid::nil()), String::new(), 0);
        let start = match &self.walked {
            Some((tenant, subject)) => (*tenant, subject.clone(), u64::MAX),
            None => beginning.clone(),
        };
        let next = move |from: &(TenantId, String, u64)| {
            let (tenant, subject, sequence) = self.of_subject.range(from..).next()?;
            Some((*sequence, (*tenant, subject.clone(), u64::MAX)))
        };
        let end = start.clone();
        let walk = std::iter::successors(next(&start), move |(_, at)| next(at));
        let again = std::iter::successors(next(&beginning), move |(_, at)| next(at))
            .take_while(move |(_, at)| *at <= end);
        walk.chain(again)
            .filter_map(|(sequence, _)| self.rows.get(&sequence))
    }

    fn claim(&mut self, relay: RelayId, claim: Claim, now: Timestamp) -> Vec<Claimed> {
        let is_free =
            |row: &&Row| row.due_at <= now && row.claimed.is_none_or(|(_, until)| until <= now);
        let size = |count: u32| usize::try_from(count).unwrap_or(usize::MAX);
        let free = self.firsts().filter(is_free).take(size(claim.subjects));
        let heads: Vec<Event> = free.map(|row| row.event.clone()).collect();
        let mut taken: Vec<u64> = Vec::new();
        for head in &heads {
            taken.extend(self.from(head).take(size(claim.of_each)));
            if let Some(row) = self.rows.get_mut(&head.sequence) {
                row.claimed = Some((relay, now + claim.lease));
            }
        }
        let last = heads.last();
        self.walked = last.map(|event| (event.tenant, event.subject.clone()));
        taken.sort_unstable();
        let rows = taken.iter().filter_map(|sequence| self.rows.get(sequence));
        rows.map(|row| Claimed {
            event: row.event.clone(),
            failures: row.failures,
        })
        .collect()
    }

    /// Whether another relay holds this event: by the first of its subject, or by
    /// itself.
    fn is_lost(&self, row: &Row, relay: RelayId, now: Timestamp) -> bool {
        let Event {
            tenant, sequence, ..
        } = row.event;
        let of = |sequence| (tenant, row.event.subject.clone(), sequence);
        let before = self.of_subject.range(of(0)..of(sequence));
        let mut before = before.filter_map(|(_, _, sequence)| self.rows.get(sequence));
        let is_others = |row: &Row| row.claimed.filter(|(holder, _)| *holder != relay);
        is_others(row).is_some()
            || before.any(|row| is_others(row).is_some_and(|(_, until)| until > now))
    }

    fn settle(&mut self, relay: RelayId, sequence: u64, delivery: &Delivery, now: Timestamp) {
        if *delivery == Delivery::Published {
            self.remove(sequence);
            return;
        }
        let row = self.rows.get(&sequence);
        if row.is_none_or(|row| self.is_lost(row, relay, now)) {
            return;
        }
        let Some(row) = self.rows.get_mut(&sequence) else {
            return;
        };
        row.claimed = None;
        match delivery {
            Delivery::Later { after, refused, .. } => {
                row.failures += u32::from(*refused);
                row.due_at = now + *after;
            }
            Delivery::Dead { error } => {
                if let Some(row) = self.remove(sequence) {
                    let letter = DeadLetter {
                        event: row.event,
                        failures: row.failures + 1,
                        error: error.clone(),
                        died_at: now,
                    };
                    self.dead.insert(sequence, letter);
                }
            }
            Delivery::Published | Delivery::Untried => {}
        }
    }

    fn take_dead(&mut self, tenant: TenantId, ids: &[EventId]) -> Vec<DeadLetter> {
        let named = |DeadLetter { event, .. }: &DeadLetter| {
            event.tenant == tenant && ids.contains(&event.id)
        };
        let sequences: Vec<u64> = self
            .dead
            .iter()
            .filter(|(_, letter)| named(letter))
            .map(|(sequence, _)| *sequence)
            .collect();
        sequences
            .iter()
            .filter_map(|sequence| self.dead.remove(sequence))
            .collect()
    }
}

impl State {
    /// Commits what a change about `subject` carries.
    pub(super) fn tell(
        &mut self,
        effects: &Effects,
        tenant: TenantId,
        subject: &impl ToString,
        now: Timestamp,
    ) {
        for event in effects.new_events() {
            self.outbox.last += 1;
            let named = event.subject().map(str::to_owned);
            let event = Event::stored(
                event.id(),
                tenant,
                effects.source().to_owned(),
                event.kind().clone(),
                named.unwrap_or_else(|| subject.to_string()),
                now,
                self.outbox.last,
                event.data().to_string(),
            );
            self.outbox.insert(event, now);
        }
    }
}

#[async_trait]
impl OutboxStore for MemoryStore {
    fn carrying(&self, effects: Effects) -> Arc<dyn Store> {
        Arc::new(Self {
            shared: self.shared.clone(),
            effects,
        })
    }

    async fn add_events(&self, tenant: TenantId, events: &Effects) -> Result<(), StoreError> {
        let (mut state, now) = self.lock();
        state.tell(events, tenant, &tenant, now);
        Ok(())
    }

    async fn claim_events(&self, relay: RelayId, claim: Claim) -> Result<Vec<Claimed>, StoreError> {
        let (mut state, now) = self.lock();
        Ok(state.outbox.claim(relay, claim, now))
    }

    async fn settle_events(
        &self,
        relay: RelayId,
        deliveries: &[(u64, Delivery)],
    ) -> Result<(), StoreError> {
        let (mut state, now) = self.lock();
        // What goes may be what another relay holds a subject by.
        let is_published = |(_, delivery): &&(u64, Delivery)| *delivery == Delivery::Published;
        let (published, rest): (Vec<_>, Vec<_>) = deliveries.iter().partition(is_published);
        for (sequence, delivery) in rest.into_iter().chain(published) {
            state.outbox.settle(relay, *sequence, delivery, now);
        }
        Ok(())
    }

    async fn outbox_status(&self) -> Result<OutboxStatus, StoreError> {
        let (state, now) = self.lock();
        let count = |rows: usize| {
            let rows = u64::try_from(rows).unwrap_or(u64::MAX);
            rows.min(OutboxStatus::MOST)
        };
        Ok(OutboxStatus {
            waiting: count(state.outbox.rows.len()),
            oldest: state.outbox.rows.values().map(|row| row.event.time).min(),
            dead: count(state.outbox.dead.len()),
            now,
        })
    }

    async fn dead_letters(&self, after: u64, limit: u32) -> Result<Vec<DeadLetter>, StoreError> {
        let (state, _) = self.lock();
        let later = state.outbox.dead.range(after.saturating_add(1)..);
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        Ok(later
            .take(limit)
            .map(|(_, letter)| letter.clone())
            .collect())
    }

    async fn replay_dead_letters(
        &self,
        tenant: TenantId,
        ids: &[EventId],
    ) -> Result<u64, StoreError> {
        let (mut state, now) = self.lock();
        let letters = state.outbox.take_dead(tenant, ids);
        let count = letters.len();
        for letter in letters {
            state.outbox.insert(letter.event, now);
        }
        Ok(u64::try_from(count).unwrap_or(u64::MAX))
    }

    async fn discard_dead_letters(
        &self,
        tenant: TenantId,
        ids: &[EventId],
    ) -> Result<u64, StoreError> {
        let (mut state, _) = self.lock();
        let count = state.outbox.take_dead(tenant, ids).len();
        Ok(u64::try_from(count).unwrap_or(u64::MAX))
    }
}
