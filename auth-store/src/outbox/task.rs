//! What a relay does.

use std::sync::Arc;
use std::time::Duration;

use auth_core::event::{Event, PublishError};
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use super::relay::Relay;
use super::relaying::{Orders, Shared};
use super::rounds::{Policy, Rounds, Tally};
use crate::error::StoreError;
use crate::traits::{Delivery, OutboxStore, RelayId};

/// How often the outbox is looked at for the figures.
const LOOK: Duration = Duration::from_secs(5);

/// How often what became of events is told to a store that fails.
const TELLINGS: u32 = 6;

/// Takes events and publishes them, turn by turn.
pub(super) struct Task {
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
    pub(super) const fn new(
        relay: Relay,
        id: RelayId,
        orders: watch::Receiver<Orders>,
        shared: Arc<Shared>,
    ) -> Self {
        Self {
            relay,
            id,
            orders,
            shared,
            outages: 0,
            store_failures: 0,
            looked_at: None,
        }
    }

    pub(super) async fn run(mut self) {
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
    async fn publish(&self, round: Vec<Event>) -> Vec<Result<(), PublishError>> {
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
