//! The store in memory passes the suite that every store must pass.

use std::future::{Ready, ready};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use auth_core::{ManualClock, Timestamp};
use auth_store::{MemoryStore, Store};
use auth_testkit::conformance::Subject;

struct Memory {
    clock: Arc<ManualClock>,
    store: MemoryStore,
}

fn fresh() -> Ready<Memory> {
    let clock = Arc::new(ManualClock::at(Timestamp::from_unix_seconds(1_800_000_000)));
    ready(Memory {
        store: MemoryStore::with_clock(clock.clone()),
        clock,
    })
}

#[async_trait]
impl Subject for Memory {
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
