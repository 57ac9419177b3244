//! The store in a file passes the suite that every store must pass.
#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use auth_core::{ManualClock, Timestamp};
use auth_store::{SqliteStore, Store};
use auth_testkit::conformance::Subject;
use tempfile::TempDir;

struct Sqlite {
    clock: Arc<ManualClock>,
    store: SqliteStore,
    _directory: TempDir,
}

async fn fresh() -> Sqlite {
    let directory = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::at(Timestamp::from_unix_seconds(1_800_000_000)));
    let builder = SqliteStore::builder(directory.path().join("auth.db")).with_clock(clock.clone());
    Sqlite {
        store: builder.open().await.unwrap(),
        clock,
        _directory: directory,
    }
}

#[async_trait]
impl Subject for Sqlite {
    fn store(&self) -> Arc<dyn Store> {
        Arc::new(self.store.clone())
    }

    async fn second(&self) -> Arc<dyn Store> {
        Arc::new(self.store.clone())
    }

    async fn pass(&self, time: Duration) {
        self.clock.advance(time);
    }
}

auth_testkit::store_suite!(fresh);
