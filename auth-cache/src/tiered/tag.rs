//! What values have in common.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use super::guard::fence::TagStripe;

/// What several values have in common, and are invalidated by together.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag(Arc<str>);

impl Tag {
    /// A tag by its name, such as `tenant:42`.
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self(name.into())
    }

    /// Its name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn stripe(&self, state: &RandomState) -> TagStripe {
        TagStripe::of(state.hash_one(self.as_str()))
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tag").field(&self.0).finish()
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
