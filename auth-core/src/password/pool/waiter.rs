//! Who stands in a line: a job, or somebody who will bring one when called.

use tokio::sync::oneshot;

use super::job::Job;
use super::place::Place;
use crate::network::Network;
use crate::password::error::HashError;
use crate::time::{Deadline, Now};

/// One in a line.
pub(super) enum Waiter {
    Job(Job),
    Caller(Caller),
}

/// Somebody who has to look something up before there is a job, and does so when
/// it is nearly their turn.
pub(super) struct Caller {
    pub(super) network: Network,
    pub(super) by: Deadline,
    pub(super) call: oneshot::Sender<Result<Place, HashError>>,
}

impl Waiter {
    pub(super) const fn network(&self) -> Network {
        match self {
            Self::Job(job) => job.network,
            Self::Caller(caller) => caller.network,
        }
    }

    pub(super) const fn by(&self) -> Deadline {
        match self {
            Self::Job(job) => job.by,
            Self::Caller(caller) => caller.by,
        }
    }

    /// Whether nobody wants an answer any more.
    pub(super) fn is_stale(&self, now: Now) -> bool {
        match self {
            Self::Job(job) => job.is_stale(now),
            Self::Caller(caller) => caller.call.is_closed() || caller.by.has_passed(now),
        }
    }

    /// Says why nothing comes of it.
    pub(super) fn refuse(self, error: HashError) {
        match self {
            Self::Job(job) => job.refuse(error),
            // Whoever has left has no use for it.
            Self::Caller(caller) => drop(caller.call.send(Err(error))),
        }
    }
}
