//! The relay: from the outbox to a bus.

use std::sync::Arc;
use std::time::Duration;

use auth_core::event::Publisher;
use auth_core::{EntropyError, SecureRandom, SystemRandom, draw};

use super::back_off::BackOff;
use super::relaying::Relaying;
use crate::traits::{Claim, RelayId, Store};

/// Publishes what is in a store's outbox: at least once, and in order for each
/// tenant and subject, however many relays there are.
///
/// # Defaults
/// - looks for events: when it has published some, at once; otherwise every 250 ms
/// - takes: 64 subjects at a time, 16 events of each
/// - holds what it took: 60 s; then another relay may take it
/// - waits for the bus: 10 s a round
/// - after a failure: 200 ms, twice as long after each further one, 60 s at most,
///   less a random part of up to a half; if the bus failed, that is how long the
///   events wait that it was asked about, while others have their turn
/// - gives an event up: when the bus has refused it ten times
///
/// # What holds
/// An event that was committed is published, or is a dead letter, or waits. It may
/// be published more than once, when an answer was lost or a relay died; its
/// [`id`](auth_core::event::Event::id) is the same then. Counting each id the first
/// time it comes, events of one tenant and subject come in order.
///
/// An outage kills no event: only what the bus refuses is counted. What is behind a
/// dead letter goes on without it; if that is put back, it comes after what was
/// published meanwhile, and its
/// [`sequence`](auth_core::event::Event::sequence) says where it belonged.
///
/// # What does not
/// Two changes of one subject that run at the same time may be told in either
/// order. An event that was sent, not answered, refused later and given up may
/// still be on its way, and arrive late.
///
/// ```
/// # use std::sync::Arc;
/// # use std::time::Duration;
/// # use auth_core::event::{Event, PublishError, Publisher};
/// use auth_store::{MemoryStore, outbox::Relay};
///
/// #[derive(Debug)]
/// struct Print;
///
/// #[async_trait::async_trait]
/// impl Publisher for Print {
///     async fn publish(&self, batch: &[Event]) -> Vec<Result<(), PublishError>> {
///         batch.iter().map(|event| Ok(println!("{} {}", event.kind, event.subject))).collect()
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let relay = Relay::new(Arc::new(MemoryStore::new()), Arc::new(Print)).start()?;
/// // … and at the end:
/// relay.shut_down(Duration::from_secs(5)).await;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is published before `start`"]
pub struct Relay {
    pub(super) store: Arc<dyn Store>,
    pub(super) publisher: Arc<dyn Publisher>,
    pub(super) random: Arc<dyn SecureRandom>,
    pub(super) poll: Duration,
    pub(super) claim: Claim,
    pub(super) patience: Duration,
    pub(super) back_off: BackOff,
    pub(super) attempts: u32,
}

/// A relay cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RelayError {
    /// The store keeps no events.
    #[error("the store has no outbox")]
    NoOutbox,
    /// What it takes would be another's before it is done with it.
    #[error(
        "a relay must hold what it takes for at least three times as long as it waits for the bus"
    )]
    Lease,
    /// There is no randomness for its id.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
}

impl Relay {
    /// From `store` to `publisher`.
    pub fn new(store: Arc<dyn Store>, publisher: Arc<dyn Publisher>) -> Self {
        Self {
            store,
            publisher,
            random: Arc::new(SystemRandom::new()),
            poll: Duration::from_millis(250),
            claim: Claim {
                subjects: 64,
                of_each: 16,
                lease: Duration::from_secs(60),
            },
            patience: Duration::from_secs(10),
            back_off: BackOff {
                first: Duration::from_millis(200),
                most: Duration::from_secs(60),
            },
            attempts: 10,
        }
    }

    /// Looks for events as often as this when there were none.
    pub const fn with_poll(mut self, every: Duration) -> Self {
        self.poll = every;
        self
    }

    /// Takes so many subjects at a time, and so many events of each.
    pub const fn with_batch(mut self, subjects: u32, of_each: u32) -> Self {
        self.claim.subjects = subjects;
        self.claim.of_each = of_each;
        self
    }

    /// Holds what it took for so long, by the store's clock.
    pub const fn with_lease(mut self, lease: Duration) -> Self {
        self.claim.lease = lease;
        self
    }

    /// Waits so long for the bus to answer a round.
    pub const fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Waits `first` after a failure, twice as long after each further one, and
    /// `most` at most.
    pub const fn with_back_off(mut self, first: Duration, most: Duration) -> Self {
        self.back_off = BackOff { first, most };
        self
    }

    /// Gives an event up when the bus has refused it so often.
    pub const fn with_attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    /// Takes randomness from `random`.
    pub fn with_random(mut self, random: Arc<dyn SecureRandom>) -> Self {
        self.random = random;
        self
    }

    /// Starts it, as a task of the runtime that this is called in.
    ///
    /// # Errors
    /// [`RelayError`] says what is missing or makes no sense.
    pub fn start(self) -> Result<Relaying, RelayError> {
        if self.store.outbox_store().is_none() {
            return Err(RelayError::NoOutbox);
        }
        if self.claim.lease < self.patience.saturating_mul(3) {
            return Err(RelayError::Lease);
        }
        let id = RelayId(uuid::Builder::from_random_bytes(draw(&*self.random)?).into_uuid());
        Ok(Relaying::start(self, id))
    }
}
