//! How a pool is made.

use std::io;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use super::queue::Queue;
use super::shared::Shared;
use super::worker::work;
use super::{HashPool, Owner};
use crate::clock::{Clock, SystemClock};
use crate::network::Network;
use crate::password::argon2id::{Argon2Backend, Argon2Params, Hasher, Limits, OutOfMemory};
use crate::password::error::HashError;
use crate::password::layers::Making;
use crate::password::pepper::Peppers;
use crate::random::{SecureRandom, SystemRandom};

/// Makes a [`HashPool`].
///
/// # Defaults
/// - parameters: [`Argon2Params::default`]
/// - peppers: none
/// - backend: [`Argon2Backend::RustCrypto`]
/// - threads: one for each core less one, at least one
/// - queue bound: 1024 waiting jobs
/// - stored hashes: those that need no more memory than new ones
/// - memory: whatever threads and parameters take
/// - niceness: 5
/// - clock and randomness: the operating system's
#[derive(Debug)]
pub struct HashPoolBuilder {
    params: Argon2Params,
    peppers: Peppers,
    backend: Argon2Backend,
    threads: usize,
    queue_bound: usize,
    stored_memory_kib: u32,
    memory_budget: Option<usize>,
    niceness: u8,
    clock: Arc<dyn Clock>,
    random: Arc<dyn SecureRandom>,
}

impl HashPoolBuilder {
    /// The parameters of new hashes.
    pub fn with_params(mut self, params: Argon2Params) -> Self {
        self.params = params;
        self
    }

    /// The peppers that stored hashes may have, and new ones get the active one
    /// of.
    pub fn with_peppers(mut self, peppers: Peppers) -> Self {
        self.peppers = peppers;
        self
    }

    /// Who computes Argon2id. Hashes are the same.
    pub fn with_backend(mut self, backend: Argon2Backend) -> Self {
        self.backend = backend;
        self
    }

    /// How many threads hash. Where the process has a quota of processor time, fewer
    /// than that is: a quota that is used up stops the threads that serve requests
    /// too.
    pub fn with_threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    /// How many jobs may wait when every thread is busy. Deadlines usually refuse
    /// a job long before; the bound holds where they are generous.
    pub fn with_queue_bound(mut self, jobs: usize) -> Self {
        self.queue_bound = jobs;
        self
    }

    /// Verifies stored hashes of up to `m_kib` KiB too, where that is more than
    /// new hashes use; each thread then holds that much. Needed after `m` was
    /// lowered, or hashes were imported: one that does not fit is
    /// [`CorruptHash::TooCostly`](crate::password::CorruptHash::TooCostly), and
    /// its user cannot log in.
    pub fn with_stored_memory_kib(mut self, m_kib: u32) -> Self {
        self.stored_memory_kib = m_kib;
        self
    }

    /// Refuses to build a pool that takes more than `bytes`: a container that is
    /// too small is found when the service starts, not when it is killed under
    /// load.
    pub fn with_memory_budget(mut self, bytes: usize) -> Self {
        self.memory_budget = Some(bytes);
        self
    }

    /// How much nicer the threads are to others than the thread that builds the pool,
    /// from 0 to 19, where the system is Linux: when the processors do not suffice for
    /// all, threads that serve requests come first, with 5 three times as often. Hashing
    /// then takes as much longer as they take. 0 shares evenly.
    pub fn with_niceness(mut self, niceness: u8) -> Self {
        self.niceness = niceness.min(19);
        self
    }

    /// The clock that deadlines are judged by.
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Where salts come from.
    pub fn with_random(mut self, random: Arc<dyn SecureRandom>) -> Self {
        self.random = random;
        self
    }

    /// Allocates the memory and starts the threads.
    ///
    /// # Errors
    /// [`PoolError::NoThreads`], [`PoolError::OverBudget`], [`PoolError::Memory`],
    /// [`PoolError::Thread`].
    pub fn build(self) -> Result<HashPool, PoolError> {
        let limits = self.limits();
        let memory_bytes = self.checked_memory(limits)?;
        let queue = Queue::new(self.threads, self.queue_bound, first_guess(self.params));
        let shared = Arc::new(Shared::new(queue, self.clock));
        // Made before the threads: if one of them fails to start, dropping it
        // ends the others.
        let owner = Owner {
            shared: Arc::clone(&shared),
            handles: Mutex::default(),
            making: Making::new(self.params, self.peppers.clone()),
            params: self.params,
            backend: self.backend,
            threads: self.threads,
            memory_bytes,
        };
        for index in 0..self.threads {
            let random = Arc::clone(&self.random);
            let hasher = Hasher::new(
                self.backend,
                self.params,
                self.peppers.clone(),
                limits,
                random,
            )?;
            let shared = Arc::clone(&shared);
            let niceness = self.niceness;
            let handle = thread::Builder::new()
                .name(format!("auth-hash-{index}"))
                .spawn(move || {
                    be_nice(niceness);
                    // Where the system does not let it, it computes as others do.
                    let _ = auth_argon2::give_way();
                    work(&shared, hasher);
                })
                .map_err(PoolError::Thread)?;
            owner.handles().push(handle);
        }
        Ok(HashPool {
            owner: Arc::new(owner),
            network: Network::UNKNOWN,
        })
    }

    pub(super) fn limits(&self) -> Limits {
        Limits::new(self.params, self.stored_memory_kib)
    }

    pub(super) const fn params(&self) -> Argon2Params {
        self.params
    }

    pub(super) const fn threads(&self) -> usize {
        self.threads
    }

    pub(super) fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// A hasher as the pool's threads will have them, for new hashes alone.
    pub(super) fn hasher(&self, params: Argon2Params) -> Result<Hasher, PoolError> {
        let limits = Limits::new(params, 0);
        let random = Arc::clone(&self.random);
        Ok(Hasher::new(
            self.backend,
            params,
            Peppers::none(),
            limits,
            random,
        )?)
    }

    /// What the pool takes, if it may.
    pub(super) fn checked_memory(&self, limits: Limits) -> Result<usize, PoolError> {
        if self.threads == 0 {
            return Err(PoolError::NoThreads);
        }
        let needed = memory_bytes(self.threads, limits.m_kib());
        match self.memory_budget {
            Some(budget) if needed > budget => Err(PoolError::OverBudget { needed, budget }),
            _ => Ok(needed),
        }
    }
}

impl Default for HashPoolBuilder {
    fn default() -> Self {
        Self {
            params: Argon2Params::default(),
            peppers: Peppers::none(),
            backend: Argon2Backend::default(),
            threads: default_threads(),
            queue_bound: 1024,
            stored_memory_kib: 0,
            memory_budget: None,
            niceness: 5,
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom::new()),
        }
    }
}

/// Why there is no pool.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PoolError {
    /// Nobody would do the work.
    #[error("a hash pool needs at least one thread")]
    NoThreads,
    /// The memory that hashing takes is not to be had.
    #[error("there is not enough memory for the hash pool")]
    Memory,
    /// It takes more than [`HashPoolBuilder::with_memory_budget`] allows: use
    /// fewer threads, or less memory for a hash.
    #[error("the hash pool needs {needed} bytes and may have {budget}")]
    OverBudget {
        /// Threads × memory of a hash, in bytes.
        needed: usize,
        /// The budget, in bytes.
        budget: usize,
    },
    /// A hash failed while the pool was measured.
    #[error("a hash failed while the pool was measured")]
    Calibration(#[source] HashError),
    /// The system refused a thread.
    #[error("a thread of the hash pool did not start")]
    Thread(#[source] io::Error),
}

impl From<OutOfMemory> for PoolError {
    fn from(_: OutOfMemory) -> Self {
        Self::Memory
    }
}

/// Leaves a core to whatever serves the requests.
fn default_threads() -> usize {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    cores.saturating_sub(1).max(1)
}

/// Of the calling thread alone, as Linux has it; elsewhere it would be the whole
/// process. Being nicer is always allowed, and where it is not, nothing is lost.
fn be_nice(niceness: u8) {
    #[cfg(target_os = "linux")]
    if niceness > 0 {
        use rustix::process::{getpriority_process, setpriority_process};
        let own = getpriority_process(None).unwrap_or(0);
        let _ = setpriority_process(None, own.saturating_add(niceness.into()).min(19));
    }
    #[cfg(not(target_os = "linux"))]
    let _ = niceness;
}

fn memory_bytes(threads: usize, m_kib: u32) -> usize {
    usize::try_from(m_kib)
        .unwrap_or(usize::MAX)
        .saturating_mul(1024)
        .saturating_mul(threads)
}

/// A microsecond for each KiB written: what a slow core takes. Measuring replaces
/// it soon.
const fn first_guess(params: Argon2Params) -> Duration {
    Duration::from_micros(params.work_kib())
}
