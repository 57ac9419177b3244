//! One password to be hashed or verified.

use tokio::sync::oneshot;

use crate::network::Network;
use crate::password::argon2id::Hasher;
use crate::password::error::HashError;
use crate::password::layers::Verdict;
use crate::password::plaintext::Password;
use crate::password::stored::PasswordHash;
use crate::time::{Deadline, Monotonic, Now};

/// Where an answer goes. It crosses to the caller without a lock.
pub(super) type Reply<T> = oneshot::Sender<Result<T, HashError>>;

/// A job in the queue.
pub(super) struct Job {
    pub(super) password: Password,
    pub(super) network: Network,
    pub(super) since: Monotonic,
    pub(super) by: Deadline,
    pub(super) task: Task,
}

/// What is to be done, and where the answer goes.
pub(super) enum Task {
    Hash(Reply<PasswordHash>),
    Verify(Option<PasswordHash>, Reply<Verdict>),
}

impl Job {
    /// One that is offered `now`.
    pub(super) const fn new(
        password: Password,
        network: Network,
        now: Now,
        by: Deadline,
        task: Task,
    ) -> Self {
        Self {
            password,
            network,
            since: now.mono,
            by,
            task,
        }
    }

    /// Whether nobody wants the answer any more.
    pub(super) fn is_stale(&self, now: Now) -> bool {
        let abandoned = match &self.task {
            Task::Hash(reply) => reply.is_closed(),
            Task::Verify(_, reply) => reply.is_closed(),
        };
        abandoned || self.by.has_passed(now)
    }

    /// Does the work. The password is wiped before the answer is sent.
    pub(super) fn run(self, hasher: &mut Hasher) -> Answer {
        match self.task {
            Task::Hash(reply) => Answer::Hash(reply, hasher.hash(&self.password)),
            Task::Verify(against, reply) => {
                Answer::Verify(reply, hasher.verify(&self.password, against.as_ref()))
            }
        }
    }

    /// Says why the work is not done.
    pub(super) fn refuse(self, error: HashError) {
        match self.task {
            Task::Hash(reply) => Answer::Hash(reply, Err(error)),
            Task::Verify(_, reply) => Answer::Verify(reply, Err(error)),
        }
        .send();
    }
}

/// An answer on its way.
pub(super) enum Answer {
    Hash(Reply<PasswordHash>, Result<PasswordHash, HashError>),
    Verify(Reply<Verdict>, Result<Verdict, HashError>),
}

impl Answer {
    /// Whether the work was done.
    pub(super) const fn is_done(&self) -> bool {
        match self {
            Self::Hash(_, result) => result.is_ok(),
            Self::Verify(_, result) => result.is_ok(),
        }
    }

    pub(super) fn send(self) {
        // A caller that left in the meantime has no use for the answer.
        match self {
            Self::Hash(reply, result) => drop(reply.send(result)),
            Self::Verify(reply, result) => drop(reply.send(result)),
        }
    }
}
