//! What is asked of the store, and what the answer stands on.

use std::fmt;

use auth_cache::tiered::{Key, Tag};
use auth_core::revocation::Anchor;
use auth_store::{Store, StoreError};

/// One kind of row.
pub(crate) trait Source: fmt::Debug + Send + Sync + 'static {
    /// The name of its cache, by which processes share.
    const NAME: &'static str;
    /// Whether it is remembered that there is no such row. Not where that says who
    /// has an account.
    const REMEMBERS_ABSENCE: bool;
    /// What a row is found by.
    type Key: Key;
    /// What is found.
    type Row: Row;

    /// The store that is asked.
    fn store(&self) -> &dyn Store;

    /// Asks it, on the primary.
    fn ask(
        &self,
        key: &Self::Key,
    ) -> impl Future<Output = Result<Option<Self::Row>, StoreError>> + Send;
}

/// What is known of a row.
pub(crate) trait Row: Send + Sync + 'static {
    /// Everything whose revocation ends it.
    fn anchors(&self) -> impl Iterator<Item = Anchor>;

    /// What it is forgotten with, besides its key.
    fn tags(&self) -> Vec<Tag>;

    /// The bytes it has behind pointers.
    fn behind(&self) -> usize;
}
