//! The second level: what the caches of several processes share.
//!
//! A [`Tier`] keeps bytes for a [`Cache`](crate::tiered::Cache) that was built
//! [with it](crate::tiered::CacheBuilder::with_tier), and makes sure of two things that
//! a plain store of keys and values does not: that one process loads what all of them
//! miss, and that a load that was overtaken by an invalidation is not kept.
//!
//! [`MemoryTier`] is one within a process, for tests and as the plainest
//! implementation of the protocol; `redis::RedisTier` (feature `redis`) is one in Redis.

mod codec;
mod compact;
mod error;
mod exchange;
mod memory;
#[cfg(feature = "redis")]
pub mod redis;

use std::fmt;

use async_trait::async_trait;

pub use codec::{Codec, Json};
pub use compact::Compact;
pub use error::TierError;
pub use exchange::{Acquired, Ask, Fill, Invalidated, Namespace, Nonce, Record};
pub use memory::MemoryTier;

/// A second level.
///
/// # The protocol
/// For each key of a namespace a tier has up to one *value* and up to one *lease*. A
/// lease is the nonce of the load that may fill the key, and the time it ends at. For
/// each tag it has a *version*.
///
/// | | does, in one step for each key |
/// |---|---|
/// | [`acquire`](Self::acquire) | gives the value if there is one whose tags all have the versions that were stored with it, and that lives as long as is asked for; otherwise, if nobody holds the lease, grants it to the nonce of the ask |
/// | [`fill`](Self::fill) | if the lease is the nonce of the fill: ends it, and stores the value if there is one |
/// | [`invalidate`](Self::invalidate) | a key: removes value and lease; a tag: changes its version; everything: both for all keys. Then tells every tail |
///
/// # Contract
/// - A fill whose nonce is not that of the lease changes nothing: whatever removed the
///   lease, an invalidation, an eviction, the loss of all data or another ask after its
///   end, came after the load began. Otherwise other processes serve what was
///   invalidated until it expires.
/// - A tag without a version, as after an eviction, has none of those stored: a miss.
///   A new version is higher than any before.
/// - The versions that go with a lease are read before it is granted, and those that
///   go with a value are not read anew when it is stored.
/// - When [`invalidate`](Self::invalidate) has returned without an error, no
///   [`acquire`](Self::acquire) that begins later, in any process, gives what was
///   stored before.
/// - A value is given only under the namespace and key it was stored under, unchanged,
///   for no longer than its time. What cannot be read is a miss.
/// - Calls may be dropped at any await, at the cache's deadline: what was sent may
///   still take effect, and must not do harm then. No operation of a tier is a bare
///   "set".
#[async_trait]
pub trait Tier: fmt::Debug + Send + Sync + 'static {
    /// What there is of each key, or the right to load it; in the order of `asks`.
    ///
    /// # Errors
    /// [`TierError`] when nothing can be told.
    async fn acquire(&self, space: &Namespace, asks: &[Ask]) -> Result<Vec<Acquired>, TierError>;

    /// Ends leases, with a value or without. Says of each whether it was still held.
    ///
    /// # Errors
    /// [`TierError`] when that cannot be told; some may have been stored.
    async fn fill(&self, space: &Namespace, fills: &[Fill]) -> Result<Vec<bool>, TierError>;

    /// Forgets, and tells every tail.
    ///
    /// # Errors
    /// [`TierError`] when it is not certain that all was forgotten.
    async fn invalidate(&self, space: &Namespace, what: &[Invalidated]) -> Result<(), TierError>;

    /// Begins to listen to what is invalidated from here on.
    ///
    /// # Errors
    /// [`TierError`] when it cannot be listened to.
    async fn tail(&self, space: &Namespace) -> Result<Box<dyn Tail>, TierError>;
}

/// What is being invalidated.
///
/// # Contract
/// Everything that anybody invalidates after [`Tier::tail`] has returned is given, in
/// time and at least once; what this process invalidated by the same tier may be left
/// out. A gap, a reconnection, or a connection of which nothing was heard for too long
/// is an error, never silence: this process serves from memory until it is told.
#[async_trait]
pub trait Tail: Send + 'static {
    /// What comes next.
    ///
    /// # Errors
    /// [`TierError`] when something may have been missed. The tail is over then.
    async fn next(&mut self) -> Result<Vec<Invalidated>, TierError>;
}
