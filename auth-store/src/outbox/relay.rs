//! The relay: from the outbox to a bus.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use auth_core::event::Publisher;
use auth_core::{EntropyError, SecureRandom, SystemRandom, draw};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use super::back_off::BackOff;
use super::rounds::{Policy, Rounds, Tally};
use super::stats::{Counters, RelayStats};
use crate::error::StoreError;
use crate::traits::{Claim, Delivery, OutboxStore, RelayId, Store};

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
    store: Arc<dyn Store>,
    publisher: Arc<dyn Publisher>,
    random: Arc<dyn SecureRandom>,
    poll: Duration,
    claim: Claim,
    patience: Duration,
    back_off: BackOff,
    attempts: u32,
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
        let (orders, received) = watch::channel(Orders::Run);
        let shared = Arc::new(Shared::default());
        let task = Task {
            relay: self,
            id,
            orders: received,
            shared: shared.clone(),
            outages: 0,
            store_failures: 0,
            looked_at: None,
        };
        Ok(Relaying {
            orders,
            shared,
            task: tokio::spawn(task.run()),
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Orders {
    Run,
    Pause,
    Stop,
}

#[derive(Debug, Default)]
struct Shared {
    counters: Counters,
    wake: Notify,
}

/// A relay at work. It ends when this is dropped, without waiting for what it is
/// at; what it held is another's when its lease has run out.
#[must_use = "a relay ends when its handle is dropped"]
pub struct Relaying {
    orders: watch::Sender<Orders>,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl Relaying {
    /// Takes no more events until [`resume`](Self::resume); what it has taken it
    /// publishes.
    pub fn pause(&self) {
        self.order(Orders::Pause);
    }

    /// Goes on after [`pause`](Self::pause).
    pub fn resume(&self) {
        self.order(Orders::Run);
    }

    /// Whether it was told to pause.
    pub fn is_paused(&self) -> bool {
        *self.orders.borrow() == Orders::Pause
    }

    /// Looks for events now.
    pub fn wake(&self) {
        self.shared.wake.notify_one();
    }

    /// What it has done, and how full the outbox was when it last looked: every
    /// 5 s, or as often as it publishes if that is more seldom.
    pub fn stats(&self) -> RelayStats {
        self.shared.counters.read()
    }

    /// Publishes no more than the round it is at, lets go of what it holds, and
    /// ends; within this time, or without waiting for it any more. What it did
    /// says the answer.
    pub async fn shut_down(mut self, within: Duration) -> RelayStats {
        self.orders.send_replace(Orders::Stop);
        if timeout(within, &mut self.task).await.is_err() {
            tracing::warn!("the relay did not end in time");
        }
        self.stats()
    }

    fn order(&self, orders: Orders) {
        self.orders.send_if_modified(|current| {
            // Who is told to stop does not start again.
            let changes = *current != Orders::Stop && *current != orders;
            if changes {
                *current = orders;
            }
            changes
        });
    }
}

impl Drop for Relaying {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Debug for Relaying {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relaying")
            .field("orders", &*self.orders.borrow())
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

/// How often the outbox is looked at for the figures.
const LOOK: Duration = Duration::from_secs(5);

/// How often what became of events is told to a store that fails.
const TELLINGS: u32 = 6;

struct Task {
    relay: Relay,
    id: RelayId,
    orders: watch::Receiver<Orders>,
    shared: Arc<Shared>,
    /// Turns in a row in which the bus could be asked for nothing, since something
    /// was published: that there is nothing to take meanwhile ends no outage.
    outages: u32,
    /// Failures of the store in a row.
    store_failures: u32,
    looked_at: Option<Instant>,
}

impl Task {
    async fn run(mut self) {
        loop {
            let orders = *self.orders.borrow_and_update();
            match orders {
                Orders::Stop => return,
                Orders::Pause => {
                    if self.orders.changed().await.is_err() {
                        return;
                    }
                }
                Orders::Run => match self.turn().await {
                    Ok(pause) => {
                        self.store_failures = 0;
                        if let Some(pause) = pause {
                            self.rest(pause).await;
                        }
                    }
                    Err(error) => {
                        self.shared.counters.store_failed();
                        tracing::warn!(%error, "the outbox cannot be read or written");
                        self.store_failures = self.store_failures.saturating_add(1);
                        let pause = self.back_off(self.store_failures);
                        self.rest(pause).await;
                    }
                },
            }
        }
    }

    /// Takes events and publishes them; for how long to rest then.
    async fn turn(&mut self) -> Result<Option<Duration>, StoreError> {
        let store = self.relay.store.clone();
        let Some(outbox) = store.outbox_store() else {
            return Ok(Some(self.relay.poll));
        };
        if self.looked_at.is_none_or(|at| at.elapsed() > LOOK) {
            self.looked_at = Some(Instant::now());
            // Events go out whether or not they can be counted.
            match outbox.outbox_status().await {
                Ok(status) => self.shared.counters.look(&status),
                Err(error) => tracing::warn!(%error, "the outbox cannot be counted"),
            }
        }
        let began = Instant::now();
        let claimed = outbox.claim_events(self.id, self.relay.claim).await?;
        if claimed.is_empty() {
            return Ok(Some(self.relay.poll));
        }
        let mut rounds = Rounds::new(claimed);
        // A round more must be over before the lease is.
        let in_time = self.relay.claim.lease / 3;
        loop {
            let round = rounds.next();
            let is_last = began.elapsed() > in_time || *self.orders.borrow() == Orders::Stop;
            if round.is_empty() || is_last {
                break;
            }
            let results = self.publish(round).await;
            let after_outage = self.back_off(self.outages.saturating_add(1));
            let policy = AsTold {
                relay: &self.relay,
                after_outage,
            };
            rounds.answer(results, &policy);
        }
        let (settled, tally) = rounds.finish();
        self.shared.counters.add(tally);
        let pause = self.verdict(tally);
        self.tell(outbox, &settled).await?;
        Ok(pause)
    }

    /// If nothing could be published, it may be the bus or what was taken. The
    /// events wait by themselves, longer each time; the relay rests no longer than
    /// when there is nothing to do, since others may fare better.
    fn verdict(&mut self, tally: Tally) -> Option<Duration> {
        if tally.published > 0 {
            self.outages = 0;
        } else if tally.unavailable > 0 {
            tracing::warn!(events = tally.unavailable, "the bus is unavailable");
            self.outages = self.outages.saturating_add(1);
            return Some(self.relay.poll);
        }
        None
    }

    /// A publisher that hangs or panics is one that is unavailable.
    async fn publish(
        &self,
        round: Vec<auth_core::event::Event>,
    ) -> Vec<Result<(), auth_core::event::PublishError>> {
        let publisher = self.relay.publisher.clone();
        let mut publishing = tokio::spawn(async move { publisher.publish(&round).await });
        match timeout(self.relay.patience, &mut publishing).await {
            Ok(Ok(results)) => results,
            Ok(Err(_)) => {
                tracing::error!("the publisher panicked");
                Vec::new()
            }
            Err(_) => {
                publishing.abort();
                Vec::new()
            }
        }
    }

    /// Until the store has heard it, or what it would hear is no longer this
    /// relay's to say.
    async fn tell(
        &self,
        outbox: &dyn OutboxStore,
        settled: &[(u64, Delivery)],
    ) -> Result<(), StoreError> {
        let mut told = outbox.settle_events(self.id, settled).await;
        for failures in 1..TELLINGS {
            if told.is_ok() {
                break;
            }
            self.shared.counters.store_failed();
            tokio::time::sleep(self.back_off(failures)).await;
            told = outbox.settle_events(self.id, settled).await;
        }
        told
    }

    fn back_off(&self, failures: u32) -> Duration {
        self.relay.back_off.after(failures, &*self.relay.random)
    }

    /// Until the time is over, somebody wakes it, or the orders change.
    async fn rest(&mut self, pause: Duration) {
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = self.shared.wake.notified() => {}
            _ = self.orders.changed() => self.orders.mark_changed(),
        }
    }
}

struct AsTold<'r> {
    relay: &'r Relay,
    after_outage: Duration,
}

impl Policy for AsTold<'_> {
    fn attempts(&self) -> u32 {
        self.relay.attempts
    }

    fn after_refusals(&self, failures: u32) -> Duration {
        self.relay.back_off.after(failures, &*self.relay.random)
    }

    fn after_outage(&self) -> Duration {
        self.after_outage
    }
}
