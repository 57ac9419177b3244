//! A place in the queue whose turn has come, before there is a job for it.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use tokio::sync::oneshot;

use super::job::{Job, Task};
use super::settled::Settled;
use super::shared::Shared;
use crate::network::Network;
use crate::password::error::HashError;
use crate::password::layers::Verdict;
use crate::password::plaintext::Password;
use crate::password::stored::PasswordHash;
use crate::time::Deadline;

/// A place among those whose password is hashed next, for one whose stored hash
/// has to be looked up first: from [`HashPool::place`](super::HashPool::place).
/// Dropping it gives it up. It holds others up, so what it is kept for should
/// take no longer than a query does.
#[must_use = "a place that is dropped is given up"]
pub struct Place {
    shared: Arc<Shared>,
    number: u64,
    network: Network,
    by: Deadline,
    is_kept: bool,
}

impl Place {
    /// Of the caller who was given this number.
    pub(super) const fn new(
        shared: Arc<Shared>,
        number: u64,
        network: Network,
        by: Deadline,
    ) -> Self {
        Self {
            shared,
            number,
            network,
            by,
            is_kept: true,
        }
    }

    /// As [`HashPool::verify`](super::HashPool::verify), by the deadline that the
    /// place was asked for with; but it is not refused for being late in the queue.
    ///
    /// # Errors
    /// As [`HashPool::verify`](super::HashPool::verify).
    pub fn verify(
        mut self,
        password: Password,
        against: Option<PasswordHash>,
    ) -> impl Future<Output = Result<Verdict, HashError>> + Send + 'static + use<> {
        let (reply, answer) = oneshot::channel();
        self.is_kept = false;
        let now = self.shared.clock.now();
        let task = Task::Verify(against, reply);
        let job = Job::new(password, self.network, now, self.by, task);
        self.shared.bring(self.number, job, now);
        Settled::new(answer, &self.shared.departures)
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Place")
            .field("network", &self.network)
            .field("by", &self.by)
            .finish_non_exhaustive()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.is_kept {
            self.shared.give_up(self.number);
        }
    }
}
