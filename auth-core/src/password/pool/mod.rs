//! Threads that hash passwords, and the queue in front of them.

mod average;
mod builder;
mod calibrate;
mod front;
mod job;
mod lines;
mod place;
mod queue;
mod settled;
mod shared;
mod stats;
mod waiter;
mod worker;

use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::sync::oneshot;

use super::argon2id::{Argon2Backend, Argon2Params};
use super::error::HashError;
use super::layers::{Making, Verdict};
use super::plaintext::Password;
use super::stored::PasswordHash;
use crate::network::Network;
use crate::time::Deadline;
use job::{Job, Task};
use settled::Settled;
use shared::Shared;
use waiter::{Caller, Waiter};

pub use builder::{HashPoolBuilder, PoolError};
pub use place::Place;
pub use stats::PoolStats;

/// Hashes and verifies passwords on threads of its own: no runtime is needed,
/// and none is held up.
///
/// A job is queued when the method is called, not when its future is first
/// polled, and is refused at once if it is not expected to start by its deadline,
/// with a sixteenth of its time to spare.
/// Dropping the future takes the job back: once its caller is gone it is never
/// hashed. A hash that has begun is finished.
///
/// The pool has no timer: it looks at a deadline when the job is offered and
/// when its turn comes. A caller that must answer at the deadline itself puts its
/// runtime's time-out around the future.
///
/// # Fairness
/// When there is more work than fits, [networks](Network) are equal: they are
/// served in turn, and one that has filled the queue makes room for others until
/// all have the same, so that with three others it holds a quarter. Whose job
/// gives way to another's hears `Overloaded` at once. Name the network with
/// [`for_network`](Self::for_network).
///
/// # Memory
/// [`memory_bytes`](Self::memory_bytes), and the passwords that wait. A thread
/// wipes its block as soon as no job waits for it; until then the next
/// hash overwrites what the last one left. With the feature `legacy-hashes`, a
/// hash of another system, or one that needs more than a block, takes memory of
/// its own while it is verified: `legacy::MAX_MEMORY_BYTES` for each thread at
/// most.
///
/// Clones share the pool. Dropping the last one refuses what is queued and lets
/// the threads end by themselves.
#[derive(Clone)]
pub struct HashPool {
    owner: Arc<Owner>,
    network: Network,
}

impl HashPool {
    /// A pool with the defaults of [`HashPoolBuilder`].
    pub fn builder() -> HashPoolBuilder {
        HashPoolBuilder::default()
    }

    /// The same pool, on behalf of `network`: what is hashed and verified through
    /// the handle that is returned counts as that network's. Without it everything
    /// is of one network, [`Network::UNKNOWN`].
    ///
    /// ```
    /// use std::net::IpAddr;
    /// use auth_core::password::HashPool;
    /// use auth_core::Network;
    ///
    /// let pool = HashPool::builder().with_threads(1).build()?;
    /// let for_client = pool.for_network(Network::of(IpAddr::from([192, 0, 2, 7])));
    /// # drop(for_client);
    /// # Ok::<(), auth_core::password::PoolError>(())
    /// ```
    pub fn for_network(&self, network: Network) -> Self {
        Self {
            owner: Arc::clone(&self.owner),
            network,
        }
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
        self.offer(password, by, Task::Hash(reply));
        Settled::new(answer, &self.owner.shared.departures)
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
    ) -> impl Future<Output = Result<Verdict, HashError>> + Send + 'static + use<> {
        let (reply, answer) = oneshot::channel();
        self.offer(password, by, Task::Verify(against, reply));
        Settled::new(answer, &self.owner.shared.departures)
    }

    /// Waits in the queue for one whose stored hash has to be looked up first, and
    /// is done waiting when it is nearly their turn. So a flood that is refused, or
    /// gives way to others, has never been looked up: it costs the store nothing.
    ///
    /// ```
    /// use std::time::Duration;
    /// use auth_core::password::{HashPool, Password};
    ///
    /// # async fn example(pool: HashPool) -> Result<(), Box<dyn std::error::Error>> {
    /// let place = pool.place(pool.deadline(Duration::from_secs(2))).await?;
    /// let stored = None; // looked up now
    /// let verdict = place.verify(Password::new("from the form".to_owned())?, stored).await?;
    /// assert!(!verdict.matches);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`HashError::Overloaded`], at once or for a network that has less;
    /// [`HashError::DeadlinePassed`] and [`HashError::ShutDown`].
    pub fn place(
        &self,
        by: Deadline,
    ) -> impl Future<Output = Result<Place, HashError>> + Send + 'static + use<> {
        let (call, turn) = oneshot::channel();
        let shared = &self.owner.shared;
        let caller = Caller {
            network: self.network,
            by,
            call,
        };
        shared.offer(Waiter::Caller(caller), shared.clock.now());
        Settled::new(turn, &shared.departures)
    }

    /// The point that is `patience` from now, by the pool's own clock, which
    /// is the one that judges it.
    pub fn deadline(&self, patience: Duration) -> Deadline {
        Deadline::after(self.owner.shared.clock.now(), patience)
    }

    /// Whether `hash` is not as [`hash`](Self::hash) would make it today: less
    /// memory, fewer passes, another pepper, or another system's. A stronger one
    /// is left alone: while a change of parameters is rolled out, the older
    /// instances must not undo what the newer ones have written.
    ///
    /// ```
    /// use auth_core::password::{HashPool, PasswordHash};
    ///
    /// let pool = HashPool::builder().with_threads(1).build()?;
    /// let old = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHRzb21lc2FsdA\
    ///            $AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    /// assert!(pool.is_outdated(&PasswordHash::from_phc(old.to_owned())));
    /// # Ok::<(), auth_core::password::PoolError>(())
    /// ```
    pub fn is_outdated(&self, hash: &PasswordHash) -> bool {
        self.owner.making.is_outdated(hash)
    }

    /// The parameters of new hashes; see [`is_outdated`](Self::is_outdated).
    pub fn params(&self) -> Argon2Params {
        self.owner.params
    }

    /// Who computes Argon2id.
    pub fn backend(&self) -> Argon2Backend {
        self.owner.backend
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

    fn offer(&self, password: Password, by: Deadline, task: Task) {
        let shared = &self.owner.shared;
        let now = shared.clock.now();
        let job = Job::new(password, self.network, now, by, task);
        shared.offer(Waiter::Job(job), now);
    }
}

impl fmt::Debug for HashPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HashPool")
            .field("params", &self.params())
            .field("backend", &self.backend())
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
    making: Making,
    params: Argon2Params,
    backend: Argon2Backend,
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
