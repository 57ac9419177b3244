//! A relay at work, and its handle.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::relay::Relay;
use super::stats::{Counters, RelayStats};
use super::task::Task;
use crate::traits::RelayId;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Orders {
    Run,
    Pause,
    Stop,
}

#[derive(Debug, Default)]
pub(super) struct Shared {
    pub(super) counters: Counters,
    pub(super) wake: Notify,
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
    /// As a task of the runtime that this is called in.
    pub(super) fn start(relay: Relay, id: RelayId) -> Self {
        let (orders, received) = watch::channel(Orders::Run);
        let shared = Arc::new(Shared::default());
        let task = Task::new(relay, id, received, shared.clone());
        Self {
            orders,
            shared,
            task: tokio::spawn(task.run()),
        }
    }

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
