//! A second level in Redis.
//!
//! [`RedisTier`] keeps the values of caches in Redis 7 or later, or Valkey 7.2 or later,
//! over a [`RedisLink`]: to one server, or to whatever else a link leads to.
//!
//! # Example
//! ```no_run
//! use std::sync::Arc;
//! use auth_cache::redis::RedisLink;
//! use auth_cache::tier::Compact;
//! use auth_cache::tier::redis::RedisTier;
//! use auth_cache::tiered::{Cache, each};
//! use auth_core::RootSecret;
//!
//! # async fn example(root: RootSecret) -> Result<(), Box<dyn std::error::Error>> {
//! let link = RedisLink::single("redis://cache.example:6379/")?.build()?;
//! let tier = Arc::new(RedisTier::builder(link, root).build()?);
//! let load = |id: u64| async move { Ok::<_, std::io::Error>(Some(format!("user {id}"))) };
//! let cache: Cache<u64, String> = Cache::builder("users", each(load))
//!     .with_tier(tier, Compact::new(1))
//!     .build()?;
//! # Ok(()) }
//! ```
//!
//! # What is where
//! A key is one hash: `v` is the value, sealed, `l` the lease of who may fill it. A tag
//! is a version, "everything" one for each of 64 parts of a namespace, and what was
//! invalidated stands in a stream. Everything has a time to live; nothing is ever set
//! but by scripts that look first at who may. Redis may evict what it likes, and lose
//! what it likes: what is missing is a miss.
//!
//! # Guarantees
//! While Redis keeps what it has acknowledged:
//! - what was invalidated before an ask began is not given to it, in any process;
//! - of processes that ask for a missing key one is granted the lease;
//! - a late fill, one that was sent before an invalidation, an eviction or a restart
//!   and arrives after it, changes nothing.
//!
//! Whatever Redis does, and whoever writes to it:
//! - a value is given for the key that it was stored under, of the cache, schema and
//!   prefix that it was stored for, unaltered, or not at all: it is sealed
//!   (AES-256-GCM) for all of these. So keys of several tenants say which tenant they
//!   are of, as keys of any cache do.
//! - a value that was stored with one life of a server is not given with another: after
//!   a fail-over or a restart everything is a miss, since an invalidation that was
//!   acknowledged may be missing there. The same holds for the server that has the
//!   version of a tag.
//! - a value is not given after its time, by the clock of the server that keeps it.
//! - who reads Redis learns sizes, times and which entries are the same, and neither
//!   values nor keys nor tags.
//!
//! # What it does not do
//! - Who writes to Redis can delete values and thereby make processes load, make them
//!   forget what they have in memory, hold leases, and put a value back under its key
//!   while its time is not over; with the version of a tag, or of everything, put back
//!   as well, also one that was invalidated since. An ACL that lets nobody else write
//!   `prefix:*` is what helps against that.
//! - A primary that was cut off and is still asked, and still asked by this process
//!   alone, gives what others have invalidated elsewhere until it expires. A short time
//!   to live bounds that; so does `min-replicas-to-write` at the server.
//! - A server's clock that is set back keeps values for that much longer.
//! - A process must not be forked once it has a tier, and a running machine not be
//!   cloned: both would seal with one key and the same numbers.
//! - Versions of tags live for 25 h after a load that had them; Redis has that many
//!   names.
//!
//! # When root secrets change
//! Names and values are of the active root secret. A process that has another active one
//! misses, loads and stores for itself; both invalidate under all secrets that they know.
//! So make the next one known to all before it is the active one anywhere, as with
//! tokens. What was stored under one that is no longer known is never read.

mod acquire;
mod beginning;
mod builder;
mod entry;
mod fill;
mod forget;
mod grants;
mod judge;
pub(crate) mod keys;
mod lease;
pub(crate) mod names;
mod refusal;
mod reply;
mod scripts;
mod seal;
mod tail;
mod times;
mod told;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use auth_core::{Clock, RootSecrets};

pub use builder::RedisTierBuilder;
pub use refusal::Refused;

use self::grants::Grants;
use self::names::Names;
use self::refusal::Refusals;
use self::seal::Sealer;
use self::tail::Listening;
use self::times::Times;
use super::{Acquired, Ask, Fill, Invalidated, Namespace, Tail, Tier, TierError};
use crate::redis::RedisLink;

/// No value lives for longer.
const LONGEST: Duration = Duration::from_secs(24 * 3600);
/// Versions live for longer than any value that has them.
const LIFE: Duration = Duration::from_secs(25 * 3600);

/// A [`Tier`] in Redis. Clones share it; one is enough for all caches of a process.
///
/// See the [module](self) for what it promises.
#[derive(Clone)]
pub struct RedisTier {
    inner: Arc<Inner>,
}

struct Inner {
    link: RedisLink,
    sealer: Sealer,
    prefix: String,
    /// The name of this process.
    process: [u8; 16],
    longest: Duration,
    largest: usize,
    times: Times,
    grants: Grants,
    refusals: Refusals,
    clock: Arc<dyn Clock>,
}

impl RedisTier {
    /// Begins one over `link`, for all processes that have the same root secret.
    pub fn builder(link: RedisLink, roots: impl Into<RootSecrets>) -> RedisTierBuilder {
        RedisTierBuilder::new(link, roots.into())
    }

    /// What Redis had and was not given, since this was built, by its cause.
    pub fn refused(&self) -> Refused {
        self.inner.refusals.read()
    }

    fn names<'a>(&'a self, space: &'a Namespace) -> Names<'a> {
        Names::new(&self.inner.prefix, space)
    }
}

#[async_trait]
impl Tier for RedisTier {
    async fn acquire(&self, space: &Namespace, asks: &[Ask]) -> Result<Vec<Acquired>, TierError> {
        self.inner.acquire(&self.names(space), asks).await
    }

    async fn fill(&self, space: &Namespace, fills: &[Fill]) -> Result<Vec<bool>, TierError> {
        self.inner.fill(&self.names(space), fills).await
    }

    async fn invalidate(&self, space: &Namespace, what: &[Invalidated]) -> Result<(), TierError> {
        self.inner.invalidate(&self.names(space), what).await
    }

    async fn tail(&self, space: &Namespace) -> Result<Box<dyn Tail>, TierError> {
        Ok(Box::new(
            Listening::begin(&self.inner, &self.names(space)).await?,
        ))
    }
}

/// As scripts and commands are told it.
fn millis(time: Duration) -> Vec<u8> {
    time.as_millis().max(1).to_string().into_bytes()
}

impl fmt::Debug for RedisTier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisTier")
            .field("link", &self.inner.link)
            .field("prefix", &self.inner.prefix)
            .field("grants", &self.inner.grants)
            .finish_non_exhaustive()
    }
}
