//! A store over redb, an embedded database that the SDK knows nothing of.
//!
//! redb has one writer at a time and syncs the file at each commit, and its readers see
//! the last commit and do not wait: all that [`auth_store::keyed::Database`] asks for.
//! `tests/certified.rs` shows that it is so.

use std::error::Error;
use std::path::Path;

use auth_store::keyed::{Database, Entry, ReadWork, Reads, WriteWork, Writes};
use auth_store::{KeyedStore, StoreError, StoreErrorKind};
use redb::{ReadableDatabase, ReadableTable, Table, TableDefinition};

const ENTRIES: TableDefinition<'static, &[u8], &[u8]> = TableDefinition::new("auth");

/// A redb file.
#[derive(Debug)]
pub struct Redb(redb::Database);

/// The store over it; clones share the file.
pub type RedbStore = KeyedStore<Redb>;

impl Redb {
    /// Opens the file, or makes it.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be opened: another process has it, for example.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let database = redb::Database::create(path).map_err(failed)?;
        let first = database.begin_write().map_err(failed)?;
        // A reader finds no table that nobody has made.
        first.open_table(ENTRIES).map_err(failed)?;
        first.commit().map_err(failed)?;
        Ok(Self(database))
    }
}

impl Database for Redb {
    fn read(&self, work: &mut ReadWork<'_>) -> Result<(), StoreError> {
        let transaction = self.0.begin_read().map_err(failed)?;
        work(&Rows(transaction.open_table(ENTRIES).map_err(failed)?))
    }

    fn write(&self, work: &mut WriteWork<'_>) -> Result<(), StoreError> {
        let transaction = self.0.begin_write().map_err(failed)?;
        // Dropped without a commit, it leaves nothing behind.
        work(&mut Rows(transaction.open_table(ENTRIES).map_err(failed)?))?;
        let unknown = |error| StoreError::new(StoreErrorKind::OutcomeUnknown, error);
        transaction.commit().map_err(unknown)
    }
}

/// The entries, in a transaction.
struct Rows<T>(T);

impl<T: ReadableTable<&'static [u8], &'static [u8]>> Reads for Rows<T> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let value = self.0.get(key).map_err(failed)?;
        Ok(value.map(|value| value.value().to_vec()))
    }

    fn range(&self, from: &[u8], until: &[u8], most: usize) -> Result<Vec<Entry>, StoreError> {
        let entries = self.0.range(from..until).map_err(failed)?.take(most);
        let copied = entries.map(|entry| {
            let (key, value) = entry.map_err(failed)?;
            Ok((key.value().to_vec(), value.value().to_vec()))
        });
        copied.collect()
    }
}

impl Writes for Rows<Table<'_, &'static [u8], &'static [u8]>> {
    fn put(&mut self, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        self.0.insert(key, value).map(drop).map_err(failed)
    }

    fn remove(&mut self, key: &[u8]) -> Result<(), StoreError> {
        self.0.remove(key).map(drop).map_err(failed)
    }
}

fn failed(error: impl Error + Send + Sync + 'static) -> StoreError {
    StoreError::new(StoreErrorKind::Other, error)
}
