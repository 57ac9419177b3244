//! What a cache and its tier say to each other.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::tiered::Tag;

/// Whose keys they are. Values of one namespace are never given to another.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Namespace {
    /// The name of the cache.
    pub cache: Arc<str>,
    /// The form that values are written in, by the number that the cache's
    /// [codec](super::Codec::schema) has: processes of two versions do not read each
    /// other's.
    pub schema: u32,
}

/// The name of one load: 128 random bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Nonce(pub [u8; 16]);

/// A key that is missed.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The key.
    pub key: Arc<[u8]>,
    /// Its tags, as they are known before the load.
    pub tags: Vec<Tag>,
    /// To be the lease's, if it is granted.
    pub nonce: Nonce,
    /// How long the lease is held at the most.
    pub lease: Duration,
    /// How much longer a value has to live. One that ends by then is loaded anew: if
    /// nobody holds the lease, it is granted and the value stays; otherwise the value is
    /// given. Zero for any value.
    pub at_least: Duration,
}

/// The answer to an [`Ask`].
#[derive(Clone, Debug)]
pub enum Acquired {
    /// There is a value.
    Found(Record),
    /// There is none, and the one who asked has the lease. The versions of its tags,
    /// in their order.
    Granted(Vec<u64>),
    /// There is none, and somebody else has the lease.
    Held,
}

/// A value as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The value, as the codec wrote it.
    pub value: Vec<u8>,
    /// How much longer it lives.
    pub lives: Duration,
    /// How long ago its load began.
    pub age: Duration,
    /// What loading it took.
    pub cost: Duration,
}

/// The end of a load.
#[derive(Clone, Debug)]
pub struct Fill {
    /// The key.
    pub key: Arc<[u8]>,
    /// That the lease was granted to.
    pub nonce: Nonce,
    /// The tags, with the versions that were given with the lease.
    pub tags: Vec<(Tag, u64)>,
    /// What was loaded; `None` only ends the lease.
    pub record: Option<Record>,
}

/// What is to be forgotten.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Invalidated {
    /// A key.
    Key(Arc<[u8]>),
    /// Everything with a tag.
    Tag(Tag),
    /// Everything of the namespace.
    All,
}

/// Whoever has it can fill a key; no log is the place for it.
impl fmt::Debug for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Nonce(..)")
    }
}
