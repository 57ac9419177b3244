//! What is sealed of a value.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::keys::Digest;
use crate::redis::ServerMark;

/// What stands before the value itself. Times are the server's, in microseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Head {
    pub(super) not_after: u64,
    /// When its load began.
    pub(super) began: u64,
    /// What loading it took.
    pub(super) cost: u64,
    /// The version that "everything" had when the lease was granted.
    pub(super) all: u64,
    /// Its tags, as they were before the lease was granted.
    pub(super) tags: Vec<TagVersion>,
}

/// The version of a tag, and the server that had it: another one may have lost an
/// invalidation that this one had acknowledged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TagVersion {
    pub(super) tag: Digest,
    pub(super) version: u64,
    pub(super) server: ServerMark,
}

impl Head {
    pub(super) fn write(&self) -> Option<Vec<u8>> {
        postcard::to_stdvec(self).ok()
    }

    /// What stands before the value, and where the value is.
    pub(super) fn read(bytes: &[u8]) -> Option<(Self, Range<usize>)> {
        let (head, value) = postcard::take_from_bytes(bytes).ok()?;
        Some((head, bytes.len() - value.len()..bytes.len()))
    }
}
