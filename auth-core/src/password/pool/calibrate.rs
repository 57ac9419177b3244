//! How many passes fit into a time.

use std::thread;
use std::time::Duration;

use super::builder::{HashPoolBuilder, PoolError};
use crate::password::argon2id::{Argon2Params, Hasher};
use crate::password::error::HashError;
use crate::password::plaintext::Password;

impl HashPoolBuilder {
    /// The parameters with which a hash takes `target`, or a little less, on this
    /// machine while all threads of the pool hash: those of the builder, with as
    /// many more passes as fit. They are never weaker than the builder's, and
    /// those are below OWASP's rows only through [`danger`](super::super::danger).
    ///
    /// It hashes for some multiples of `target` on the pool's number of threads,
    /// and blocks: for a command, or for the start of a service whose instances
    /// are alike. Instances that calibrate themselves differently keep each
    /// other's stronger hashes; see [`is_outdated`](super::HashPool::is_outdated).
    ///
    /// ```no_run
    /// use std::time::Duration;
    /// use auth_core::password::HashPool;
    ///
    /// let builder = HashPool::builder();
    /// let params = builder.calibrate(Duration::from_millis(50))?;
    /// let pool = builder.with_params(params).build()?;
    /// # Ok::<(), auth_core::password::PoolError>(())
    /// ```
    ///
    /// # Errors
    /// As [`build`](Self::build), and [`PoolError::Calibration`] when a hash
    /// failed.
    pub fn calibrate(&self, target: Duration) -> Result<Argon2Params, PoolError> {
        self.checked_memory(self.limits())?;
        let floor = self.params();
        let mut hashers = (0..self.threads())
            .map(|_| self.hasher(floor))
            .collect::<Result<Vec<_>, _>>()?;
        let mut found = floor;
        // What was found on the first passes is checked on all of them.
        for _ in 0..ROUNDS {
            let took = self.slowest(&mut hashers, found)?;
            let fits = passes(found.t(), took, target);
            let next = floor.with_passes_from(fits);
            if next.t() == found.t() {
                break;
            }
            found = next;
        }
        Ok(found)
    }

    /// The median time of a hash, on the thread where it is longest, while all
    /// of them hash.
    fn slowest(&self, hashers: &mut [Hasher], params: Argon2Params) -> Result<Duration, PoolError> {
        thread::scope(|scope| {
            let threads: Vec<_> = hashers
                .iter_mut()
                .map(|hasher| {
                    thread::Builder::new()
                        .spawn_scoped(scope, || self.median(hasher, params))
                        .map_err(PoolError::Thread)
                })
                .collect::<Result<_, _>>()?;
            threads
                .into_iter()
                .try_fold(Duration::ZERO, |slowest, thread| {
                    let median = thread.join().unwrap_or(Err(HashError::Lost));
                    median.map(|median| median.max(slowest))
                })
                .map_err(PoolError::Calibration)
        })
    }

    fn median(&self, hasher: &mut Hasher, params: Argon2Params) -> Result<Duration, HashError> {
        let password = Password::new(String::from("measured")).map_err(|_| HashError::Lost)?;
        let mut times = Vec::with_capacity(HASHES);
        for _ in 0..HASHES {
            let start = self.clock().now().mono;
            hasher.hash_with(&password, params)?;
            times.push(self.clock().now().mono.since(start));
        }
        times.sort_unstable();
        Ok(times[HASHES / 2])
    }
}

/// How many passes take `target`, if `t` of them took `took`.
fn passes(t: u32, took: Duration, target: Duration) -> u32 {
    let passes = u128::from(t) * target.as_nanos() / took.as_nanos().max(1);
    u32::try_from(passes).unwrap_or(u32::MAX)
}

const ROUNDS: usize = 3;
const HASHES: usize = 5;
