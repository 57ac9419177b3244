//! A place in the queue, before there is a job for it.

use std::future::Future;
use std::sync::Arc;

use tokio::sync::oneshot;

use super::job::{Job, Task};
use super::{HashPool, Owner, settled};
use crate::network::Network;
use crate::password::error::HashError;
use crate::password::layers::Verdict;
use crate::password::plaintext::Password;
use crate::password::stored::PasswordHash;
use crate::time::Deadline;

/// A place in a [`HashPool`]'s queue, for a password whose stored hash is still
/// being looked up: from [`HashPool::place`]. Dropping it gives it up.
#[must_use = "a place that is dropped is given up"]
pub struct Place {
    owner: Arc<Owner>,
    network: Network,
    by: Deadline,
    kept: bool,
}

impl Place {
    /// In `pool`, for its network.
    pub(super) fn keep(pool: &HashPool, by: Deadline) -> Result<Self, HashError> {
        let shared = &pool.owner.shared;
        let now = shared.clock.now();
        shared.queue().keep(pool.network, by, now)?;
        Ok(Self {
            owner: Arc::clone(&pool.owner),
            network: pool.network,
            by,
            kept: true,
        })
    }

    /// As [`HashPool::verify`], by the deadline that the place was asked for
    /// with.
    ///
    /// # Errors
    /// As [`HashPool::verify`]; [`HashError::Overloaded`] if networks that have
    /// less came in the meantime.
    pub fn verify(
        mut self,
        password: Password,
        against: Option<PasswordHash>,
    ) -> impl Future<Output = Result<Verdict, HashError>> + Send + 'static + use<> {
        let (reply, answer) = oneshot::channel();
        self.kept = false;
        let shared = &self.owner.shared;
        let now = shared.clock.now();
        let job = Job {
            password,
            network: self.network,
            since: now.mono,
            by: self.by,
            task: Task::Verify(against, reply),
        };
        shared.offer_kept(job, now);
        settled(answer)
    }
}

impl std::fmt::Debug for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Place")
            .field("network", &self.network)
            .field("by", &self.by)
            .finish_non_exhaustive()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.kept {
            self.owner.shared.queue().release(self.network);
        }
    }
}
