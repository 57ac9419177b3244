//! Why there is no hash, or no verdict.

use std::time::Duration;

use crate::random::EntropyError;

/// Why a [`HashPool`](super::HashPool) gave no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HashError {
    /// The job would not have started by its deadline, or the queue is full.
    /// Nothing was hashed. It is decided by load alone, so it says nothing about
    /// whether the user exists.
    #[error("too many passwords wait to be hashed; retry after {retry_after:?}")]
    Overloaded {
        /// When the queue is expected to have drained.
        retry_after: Duration,
    },
    /// The deadline passed before the job's turn came. Nothing was hashed.
    #[error("the deadline passed before the password was hashed")]
    DeadlinePassed,
    /// The pool is shut down. Nothing was hashed.
    #[error("the hash pool is shut down")]
    ShutDown,
    /// There was no randomness for a salt.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// The stored hash cannot be verified against. It cost one hash with the
    /// current parameters all the same, and must look like a wrong password to
    /// whoever tries to log in.
    #[error("the stored password hash is unusable")]
    Corrupt(#[source] CorruptHash),
    /// The stored hash was made with a pepper that this process was not given.
    /// That is the operator's mistake, and says nothing about the password: it
    /// is a 503, never a "wrong password". It cost one hash all the same.
    #[error("the stored password hash was made with a pepper that is not configured")]
    UnknownPepper,
    /// The hash function failed.
    #[error("the hash function failed")]
    Backend(#[source] BackendError),
    /// The job panicked; the pool lives on.
    #[error("the password's job was lost")]
    Lost,
}

/// What is wrong with a stored hash. No part of it is quoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CorruptHash {
    /// The text is longer than any hash of ours.
    #[error("it is too long")]
    TooLong,
    /// The text is no PHC string, or its salt or tag has an impossible length.
    #[error("it is malformed")]
    Malformed,
    /// It is of an algorithm or a version that is not read here. Those of other
    /// systems need the feature `legacy-hashes`.
    #[error("it is of an unsupported algorithm or version")]
    Unsupported,
    /// It asks for more memory or more work than is allowed.
    #[error("it asks for more work than is allowed")]
    TooCostly,
}

/// What the hash function said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BackendError(pub(super) argon2::Error);
