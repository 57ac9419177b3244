//! Events that wait, badly.

use std::collections::HashSet;
use std::sync::Arc;

use async_trait::async_trait;
use auth_core::event::Event;
use auth_core::{EventId, TenantId, Timestamp};
use auth_store::{
    Claim, Claimed, DeadLetter, Delivery, Effects, OutboxStatus, OutboxStore, RelayId, Store,
    StoreError,
};

use super::telling::Telling;
use super::{Flaw, Flawed};

#[derive(Debug, Default)]
pub(super) struct Outbox {
    rows: Vec<Row>,
    /// How many claims there were: each begins at another row.
    claims: usize,
    dead: Vec<DeadLetter>,
    last: u64,
}

#[derive(Clone, Debug)]
struct Row {
    event: Event,
    failures: u32,
    due: Timestamp,
    held: Option<(RelayId, Timestamp)>,
}

impl Outbox {
    /// Whether `row` is the first of its subject.
    fn is_first(&self, row: &Row) -> bool {
        let same = |other: &&Row| {
            other.event.tenant == row.event.tenant && other.event.subject == row.event.subject
        };
        let first = self.rows.iter().filter(same).map(|row| row.event.sequence);
        first.min() == Some(row.event.sequence)
    }
}

impl Flawed {
    pub(super) fn insert(&self, tenant: TenantId, subject: &str, effects: &Effects) {
        let mut outbox = self.outbox.lock().expect("no case panics in here");
        for event in effects.new_events() {
            let known = |row: &Row| row.event.id == event.id() && row.event.tenant == tenant;
            if outbox.rows.iter().any(known) && !self.has(Flaw::EveryIdIsStored) {
                continue;
            }
            outbox.last += 1;
            let mut data = event.data().to_string();
            if self.has(Flaw::EventDataIsCut) {
                data = data.chars().take(1000).collect();
            }
            let event = Event::stored(
                event.id(),
                tenant,
                effects.source().to_owned(),
                event.kind().clone(),
                event.subject().unwrap_or(subject).to_owned(),
                self.now(),
                outbox.last,
                data,
            );
            outbox.rows.push(Row {
                event,
                failures: 0,
                due: self.now(),
                held: None,
            });
        }
    }

    /// What is free, by its place; those behind the first of each subject with it.
    fn free(&self, outbox: &mut Outbox, claim: Claim) -> Vec<(u64, bool)> {
        outbox.claims += 1;
        let outbox = &*outbox;
        let begin = match self.flaw {
            Flaw::ClaimBeginsAtTheFirst => 0,
            _ => outbox.claims % outbox.rows.len().max(1),
        };
        let now = self.now();
        let is_free = |row: &Row| {
            let held = row
                .held
                .is_some_and(|(_, until)| now < until || self.has(Flaw::LeaseIsEternal));
            row.due <= now && !held
        };
        if self.has(Flaw::SubjectIsOvertaken) {
            let free = outbox.rows.iter().filter(|row| is_free(row));
            return free.map(|row| (row.event.sequence, true)).collect();
        }
        let (before, after) = outbox.rows.split_at(begin);
        let heads: Vec<&Row> = after
            .iter()
            .chain(before)
            .filter(|row| is_free(row) && outbox.is_first(row))
            .take(claim.subjects as usize)
            .collect();
        let mut taken = Vec::new();
        for head in heads {
            let of_each = match self.flaw {
                Flaw::ClaimIgnoresLimits => usize::MAX,
                _ => claim.of_each as usize,
            };
            let same = |row: &&Row| {
                row.event.tenant == head.event.tenant && row.event.subject == head.event.subject
            };
            let rows = outbox.rows.iter().filter(same).take(of_each);
            taken.extend(rows.map(|row| {
                (
                    row.event.sequence,
                    row.event.sequence == head.event.sequence,
                )
            }));
        }
        taken.sort_unstable();
        taken
    }
}

#[async_trait]
impl OutboxStore for Flawed {
    fn carrying(&self, effects: Effects) -> Arc<dyn Store> {
        Arc::new(Telling {
            inner: self.clone(),
            effects,
        })
    }

    async fn add_events(&self, tenant: TenantId, events: &Effects) -> Result<(), StoreError> {
        self.insert(tenant, &tenant.to_string(), events);
        Ok(())
    }

    async fn claim_events(&self, relay: RelayId, claim: Claim) -> Result<Vec<Claimed>, StoreError> {
        let lock = || self.outbox.lock().expect("no case panics in here");
        let mut early = None;
        if self.has(Flaw::ClaimIsReadThenWritten) {
            early = Some(self.free(&mut lock(), claim));
            self.meanwhile().await;
        }
        let mut outbox = lock();
        let free = early.unwrap_or_else(|| self.free(&mut outbox, claim));
        let until = self.now() + claim.lease;
        let mut claimed = Vec::new();
        for (sequence, is_head) in free {
            let row = outbox.rows.iter_mut();
            let Some(row) = row.into_iter().find(|row| row.event.sequence == sequence) else {
                continue;
            };
            if is_head {
                row.held = Some((relay, until));
            }
            claimed.push(Claimed {
                event: row.event.clone(),
                failures: row.failures,
            });
        }
        Ok(claimed)
    }

    async fn settle_events(
        &self,
        relay: RelayId,
        deliveries: &[(u64, Delivery)],
    ) -> Result<(), StoreError> {
        let now = self.now();
        let mut outbox = self.outbox.lock().expect("no case panics in here");
        let is_published = |(_, delivery): &&(u64, Delivery)| *delivery == Delivery::Published;
        let (published, rest): (Vec<_>, Vec<_>) = deliveries.iter().partition(is_published);
        for (sequence, delivery) in rest.into_iter().chain(published) {
            let at = |row: &Row| row.event.sequence == *sequence;
            let Some(index) = outbox.rows.iter().position(at) else {
                continue;
            };
            let is_others = |row: &Row| row.held.is_some_and(|(holder, _)| holder != relay);
            let behind = |row: &Row, other: &Row| {
                other.event.tenant == row.event.tenant
                    && other.event.subject == row.event.subject
                    && other.event.sequence < row.event.sequence
                    && other.held.is_some_and(|(_, until)| now < until)
            };
            let row = &outbox.rows[index];
            let mut others = outbox.rows.iter().filter(|other| is_others(other));
            let is_behind = others.any(|other| behind(row, other));
            let lost = is_others(row) || is_behind && !self.has(Flaw::LateWordCountsBehind);
            let row = &mut outbox.rows[index];
            if lost && *delivery != Delivery::Published && !self.has(Flaw::LateWordCounts) {
                continue;
            }
            row.held = None;
            match delivery {
                Delivery::Published => drop(outbox.rows.remove(index)),
                Delivery::Later { after, refused, .. } => {
                    row.failures += u32::from(*refused || self.has(Flaw::OutageIsCounted));
                    row.due = now + *after;
                }
                Delivery::Dead { error } => {
                    let row = outbox.rows.remove(index);
                    if !self.has(Flaw::DeadLettersAreLost) {
                        outbox.dead.push(DeadLetter {
                            event: row.event,
                            failures: row.failures + 1,
                            error: error.clone(),
                            died_at: now,
                        });
                    }
                }
                Delivery::Untried => {}
            }
        }
        Ok(())
    }

    async fn outbox_status(&self) -> Result<OutboxStatus, StoreError> {
        let outbox = self.outbox.lock().expect("no case panics in here");
        let times = outbox.rows.iter().map(|row| row.event.time);
        Ok(OutboxStatus {
            waiting: outbox.rows.len() as u64,
            oldest: match self.flaw {
                Flaw::LagIsOfTheNewest => times.max(),
                _ => times.min(),
            },
            dead: outbox.dead.len() as u64,
            now: self.now(),
        })
    }

    async fn dead_letters(&self, after: u64, limit: u32) -> Result<Vec<DeadLetter>, StoreError> {
        let outbox = self.outbox.lock().expect("no case panics in here");
        let later = |letter: &&DeadLetter| letter.event.sequence > after;
        let letters = outbox.dead.iter().filter(later).take(limit as usize);
        Ok(letters.cloned().collect())
    }

    async fn replay_dead_letters(
        &self,
        tenant: TenantId,
        ids: &[EventId],
    ) -> Result<u64, StoreError> {
        let now = self.now();
        let letters = self.take_dead(tenant, ids);
        let mut outbox = self.outbox.lock().expect("no case panics in here");
        let count = letters.len() as u64;
        for mut letter in letters {
            if self.has(Flaw::ReplayIsLast) {
                outbox.last += 1;
                letter.event.sequence = outbox.last;
            }
            outbox.rows.push(Row {
                event: letter.event,
                failures: 0,
                due: now,
                held: None,
            });
        }
        outbox.rows.sort_by_key(|row| row.event.sequence);
        Ok(count)
    }

    async fn discard_dead_letters(
        &self,
        tenant: TenantId,
        ids: &[EventId],
    ) -> Result<u64, StoreError> {
        Ok(self.take_dead(tenant, ids).len() as u64)
    }
}

impl Flawed {
    fn take_dead(&self, tenant: TenantId, ids: &[EventId]) -> Vec<DeadLetter> {
        let ids: HashSet<_> = ids.iter().collect();
        let mut outbox = self.outbox.lock().expect("no case panics in here");
        let all = std::mem::take(&mut outbox.dead);
        let (taken, left) = all.into_iter().partition(|letter| {
            let is_theirs = letter.event.tenant == tenant;
            ids.contains(&letter.event.id) && (is_theirs || self.has(Flaw::DeadLettersAreOfAll))
        });
        outbox.dead = left;
        taken
    }
}
