//! The store over sorted keys passes the suite over a database that runs every
//! transaction twice, as one that met another does.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use auth_core::ManualClock;
use auth_store::keyed::{Database, Entry, ReadWork, Reads, WriteWork, Writes};
use auth_store::{KeyedStore, StoreError};
use auth_testkit::conformance::Clocked;

type Entries = BTreeMap<Vec<u8>, Vec<u8>>;

#[derive(Debug, Default)]
struct Map(Mutex<Entries>);

struct Rows(Entries);

impl Database for Map {
    fn read(&self, work: &mut ReadWork<'_>) -> Result<(), StoreError> {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        work(&Rows(entries.clone()))
    }

    fn write(&self, work: &mut WriteWork<'_>) -> Result<(), StoreError> {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        work(&mut Rows(entries.clone()))?;
        let mut again = Rows(entries.clone());
        work(&mut again)?;
        *entries = again.0;
        Ok(())
    }

    fn is_persistent(&self) -> bool {
        false
    }
}

impl Reads for Rows {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.0.get(key).cloned())
    }

    fn range(&self, from: &[u8], until: &[u8], most: usize) -> Result<Vec<Entry>, StoreError> {
        let entries = self.0.range(from.to_vec()..until.to_vec()).take(most);
        Ok(entries.map(|(k, v)| (k.clone(), v.clone())).collect())
    }
}

impl Writes for Rows {
    fn put(&mut self, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        self.0.insert(key.to_vec(), value.to_vec());
        Ok(())
    }

    fn remove(&mut self, key: &[u8]) -> Result<(), StoreError> {
        self.0.remove(key);
        Ok(())
    }
}

#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
async fn fresh() -> Clocked<KeyedStore<Map>> {
    let open = async |clock: Arc<ManualClock>| {
        let store = KeyedStore::open_with_clock(Map::default(), clock);
        store.await.unwrap()
    };
    Clocked::open(open).await
}

auth_testkit::store_suite!(fresh);
