//! What a database must do to carry a store.

use std::fmt;

use crate::error::StoreError;

/// A database that keeps values under sorted keys.
///
/// # Contract
/// All keys are the store's. A transaction happens as if there were no other, on
/// this handle or any other one (serializable; snapshots that do not notice that
/// another has written what was read are not enough). When [`write`](Self::write)
/// has returned `Ok`, what was written survives a crash, and every transaction that
/// begins later sees it; after an error nothing of it is there, unless the error's
/// kind is [`OutcomeUnknown`](crate::StoreErrorKind::OutcomeUnknown).
///
/// Two transactions that both spend one refresh token make two of one session; one
/// that is lost after `Ok` revives what was spent and revoked.
pub trait Database: fmt::Debug + Send + Sync + 'static {
    /// Runs `work` on the database as it is at one moment, not earlier than this call.
    ///
    /// # Errors
    /// What `work` failed with, or the database.
    fn read(&self, work: &mut ReadWork<'_>) -> Result<(), StoreError>;

    /// Runs `work`, and commits what it wrote, or nothing when it fails. It may be
    /// run again, from a new beginning, when the transaction met another one.
    /// What it answered is what it answered last.
    ///
    /// # Errors
    /// What `work` failed with, or the database.
    fn write(&self, work: &mut WriteWork<'_>) -> Result<(), StoreError>;

    /// Whether what was written is there after a restart of the process.
    fn is_persistent(&self) -> bool {
        true
    }
}

/// What is to be done in a transaction that only reads.
pub type ReadWork<'w> = dyn FnMut(&dyn Reads) -> Result<(), StoreError> + 'w;

/// What is to be done in a transaction.
pub type WriteWork<'w> = dyn FnMut(&mut dyn Writes) -> Result<(), StoreError> + 'w;

/// A key with its value.
pub type Entry = (Vec<u8>, Vec<u8>);

/// What a transaction may read: what it has written itself, too.
pub trait Reads {
    /// The value of `key`, if it has one.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// The first `most` entries from `from` on and before `until`, in the order of
    /// the keys' bytes.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    fn range(&self, from: &[u8], until: &[u8], most: usize) -> Result<Vec<Entry>, StoreError>;
}

/// What a transaction may do.
pub trait Writes: Reads {
    /// Gives `key` a value, in place of the one that it may have.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    fn put(&mut self, key: &[u8], value: &[u8]) -> Result<(), StoreError>;

    /// Removes `key`, if it is there.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    fn remove(&mut self, key: &[u8]) -> Result<(), StoreError>;
}
