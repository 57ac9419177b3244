//! Threads that hash passwords, and the queue in front of them.

mod builder;
mod job;
mod queue;
mod shared;
mod worker;

use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::sync::oneshot;

use super::argon2id::Argon2Params;
use super::error::HashError;
use super::plaintext::Password;
use super::stored::PasswordHash;
use crate::time::Deadline;
use job::{Job, Task};
use shared::Shared;

pub use builder::{HashPoolBuilder, PoolError};
pub use queue::PoolStats;

/// Hashes and verifies passwords on threads of its own: no runtime is needed,
/// and none is held up.
///
/// A job is queued when the method is called, not when its future is first
/// polled, and is refused at once if it is not expected to start by its deadline.
/// Dropping the future takes the job back: once its caller is gone it is never
/// hashed. A hash that has begun is finished.
///
/// The pool has no timer: it looks at a deadline when the job is offered and
/// when its turn comes. A caller that must answer at the deadline itself puts its
/// runtime's time-out around the future.
///
/// Clones share the pool. Dropping the last one refuses what is queued and lets
/// the threads end by themselves.
#[derive(Clone)]
pub struct HashPool {
    owner: Arc<Owner>,
}

impl HashPool {
    /// A pool with the defaults of [`HashPoolBuilder`].
    pub fn builder() -> HashPoolBuilder {
        HashPoolBuilder::default()
    }

    /// Hashes `password` with the current parameters and a fresh salt.
    ///
    /// # Errors
    /// [`HashError::Overloaded`], [`HashError::DeadlinePassed`] and
    /// [`HashError::ShutDown`] when nothing was hashed; [`HashError::Entropy`]
    /// when there was no salt; [`HashError::Backend`] and [`HashError::Lost`]
    /// when hashing failed.
    pub fn hash(
        &self,
        password: Password,
        by: Deadline,
    ) -> impl Future<Output = Result<PasswordHash, HashError>> + Send + 'static + use<> {
        let (reply, answer) = oneshot::channel();
        self.owner.shared.offer(Job {
            password,
            by,
            task: Task::Hash(reply),
        });
        settled(answer)
    }

    /// Whether `password` is the one that `against` was made from. `None` stands
    /// for a user who does not exist or has no password: it costs one hash with
    /// the current parameters, and is false.
    ///
    /// # Errors
    /// As [`hash`](Self::hash), and [`HashError::Corrupt`] when `against` cannot
    /// be used; that costs one hash too.
    pub fn verify(
        &self,
        password: Password,
        against: Option<PasswordHash>,
        by: Deadline,
    ) -> impl Future<Output = Result<bool, HashError>> + Send + 'static + use<> {
        let (reply, answer) = oneshot::channel();
        self.owner.shared.offer(Job {
            password,
            by,
            task: Task::Verify(against, reply),
        });
        settled(answer)
    }

    /// The point that is `patience` from now, by the pool's own clock, which
    /// is the one that judges it.
    pub fn deadline(&self, patience: Duration) -> Deadline {
        Deadline::after(self.owner.shared.clock.now(), patience)
    }

    /// The parameters of new hashes; see [`is_outdated`](super::is_outdated).
    pub fn params(&self) -> Argon2Params {
        self.owner.params
    }

    /// How many threads hash.
    pub fn threads(&self) -> usize {
        self.owner.threads
    }

    /// The memory that hashing takes, all of it held from the start: one block
    /// for each thread.
    pub fn memory_bytes(&self) -> usize {
        self.owner.memory_bytes
    }

    /// What the pool has done and has to do.
    pub fn stats(&self) -> PoolStats {
        self.owner.shared.queue().stats()
    }

    /// Refuses what is queued and what comes, finishes what has begun, and waits
    /// for the threads to end: for one hash at most. It blocks; an async caller
    /// that minds moves it to a blocking thread. Further calls do nothing.
    pub fn shut_down(&self) {
        self.owner.shared.close();
        let handles = std::mem::take(&mut *self.owner.handles());
        for handle in handles {
            // A waker runs on a thread of the pool; it cannot wait for itself.
            if handle.thread().id() != thread::current().id() {
                // A worker survives its jobs' panics; of its own there is nothing to say.
                let _ = handle.join();
            }
        }
    }
}

impl fmt::Debug for HashPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HashPool")
            .field("params", &self.params())
            .field("threads", &self.threads())
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

/// What all clones share, and the threads do not: the last clone to go closes
/// the queue.
struct Owner {
    shared: Arc<Shared>,
    handles: Mutex<Vec<JoinHandle<()>>>,
    params: Argon2Params,
    threads: usize,
    memory_bytes: usize,
}

impl Owner {
    fn handles(&self) -> MutexGuard<'_, Vec<JoinHandle<()>>> {
        self.handles.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.shared.close();
    }
}

/// Jobs are answered or refused; one that is dropped was lost to a panic.
async fn settled<T>(answer: oneshot::Receiver<Result<T, HashError>>) -> Result<T, HashError> {
    answer.await.unwrap_or(Err(HashError::Lost))
}
