//! The store in a file passes the suite that every store must pass.
#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use auth_core::ManualClock;
use auth_store::SqliteStore;
use auth_testkit::conformance::Clocked;

async fn fresh() -> Clocked<SqliteStore> {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("auth.db");
    let open = async |clock: Arc<ManualClock>| {
        let builder = SqliteStore::builder(file).with_clock(clock);
        builder.open().await.unwrap()
    };
    Clocked::open(open).await.keeping(directory)
}

auth_testkit::store_suite!(fresh);
