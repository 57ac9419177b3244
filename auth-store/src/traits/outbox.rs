//! Events that wait to be published.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use auth_core::event::Event;
use auth_core::{EventId, TenantId, Timestamp};
use uuid::Uuid;

use super::Store;
use super::effects::Effects;
use crate::error::StoreError;

/// A relay that takes events out of the outbox: each one draws its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RelayId(pub Uuid);

/// How much a relay takes at once, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The most subjects.
    pub subjects: u32,
    /// The most events of each.
    pub of_each: u32,
    /// After this time without word from the relay others may take them.
    pub lease: Duration,
}

/// An event that a relay holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// The event.
    pub event: Event,
    /// How often the bus has refused it.
    pub failures: u32,
}

/// What became of an event that a relay held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The bus has it: it leaves the outbox.
    Published,
    /// It is to be tried again.
    Later {
        /// After how long.
        after: Duration,
        /// Whether the bus refused it, which is counted; not if the bus could not
        /// be asked.
        refused: bool,
        /// What the bus said.
        error: String,
    },
    /// It is given up, and becomes a dead letter.
    Dead {
        /// What the bus said.
        error: String,
    },
    /// Its turn did not come: it is anybody's again.
    Untried,
}

/// An event that was given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// The event.
    pub event: Event,
    /// How often the bus has refused it.
    pub failures: u32,
    /// What the bus said last.
    pub error: String,
    /// When it was given up.
    pub died_at: Timestamp,
}

/// How full the outbox is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutboxStatus {
    /// Events that wait, [`MOST`](Self::MOST) if they are more.
    pub waiting: u64,
    /// When the oldest of them was committed.
    pub oldest: Option<Timestamp>,
    /// Dead letters, [`MOST`](Self::MOST) if they are more.
    pub dead: u64,
    /// The store's clock.
    pub now: Timestamp,
}

impl OutboxStatus {
    /// The most that is counted, so that a look costs little however many wait.
    pub const MOST: u64 = 100_000;

    /// For how long the oldest event has waited.
    pub fn lag(&self) -> Duration {
        self.oldest
            .map_or(Duration::ZERO, |oldest| self.now.since(oldest))
    }
}

/// The outbox: events in one transaction with the change that they tell of.
///
/// # Contract
/// An event is there if and only if its change is. One id is stored once a tenant,
/// however often its change is tried.
///
/// Of one tenant and subject at most one relay holds events at a time, and no
/// event is given out before an earlier one that is not published or dead.
/// A relay that was silent for longer than its lease holds nothing any more;
/// what it then says was published leaves the outbox all the same, and what else
/// it says is of no effect on what another one has taken meanwhile.
///
/// A store that gives out an event too early has somebody's roles overwritten by
/// older ones; one that loses an event leaves somebody's access where it was.
#[async_trait]
pub trait OutboxStore: Send + Sync {
    /// The same store, for one change that is committed together with `effects`:
    /// what this handle changes carries them. Of several changes made with one
    /// handle the first has told the events, since each id is stored once.
    ///
    /// Carried by: making a user, changing a password, setting status or roles,
    /// opening and ending sessions, if they happen; and by a rotation if it finds
    /// a token that should not exist ([`Effects::of_theft`]). A rotation that
    /// succeeds tells nothing. Whatever else the handle does is as without it.
    fn carrying(&self, effects: Effects) -> Arc<dyn Store>;

    /// Adds events that belong to no change of this store's. Those that name no
    /// subject are about the tenant.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    async fn add_events(&self, tenant: TenantId, events: &Effects) -> Result<(), StoreError>;

    /// Takes events whose turn it is, in their order; those of one subject follow
    /// each other in it.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    async fn claim_events(&self, relay: RelayId, claim: Claim) -> Result<Vec<Claimed>, StoreError>;

    /// Says what became of events, by their [`sequence`](Event::sequence), and
    /// lets go of them. Saying so again changes nothing.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    async fn settle_events(
        &self,
        relay: RelayId,
        deliveries: &[(u64, Delivery)],
    ) -> Result<(), StoreError>;

    /// How full it is, in a time that does not grow with it.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    async fn outbox_status(&self) -> Result<OutboxStatus, StoreError>;

    /// Dead letters with a greater sequence than `after`, in order.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    async fn dead_letters(&self, after: u64, limit: u32) -> Result<Vec<DeadLetter>, StoreError>;

    /// Puts dead letters of this tenant back, at their old place in the order, with
    /// no failures counted; how many there were. Another tenant's with the same id
    /// stay.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    async fn replay_dead_letters(
        &self,
        tenant: TenantId,
        ids: &[EventId],
    ) -> Result<u64, StoreError>;

    /// Deletes dead letters of this tenant for good; how many there were. Another
    /// tenant's with the same id stay.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    async fn discard_dead_letters(
        &self,
        tenant: TenantId,
        ids: &[EventId],
    ) -> Result<u64, StoreError>;
}
