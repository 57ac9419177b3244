//! The store in memory passes the suite that every store must pass.

use auth_store::MemoryStore;
use auth_testkit::conformance::Clocked;

async fn fresh() -> Clocked<MemoryStore> {
    Clocked::open(async |clock| MemoryStore::with_clock(clock)).await
}

auth_testkit::store_suite!(fresh);
