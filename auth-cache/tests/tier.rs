//! The tier in memory passes the suite that every tier must pass.

use std::future::{Ready, ready};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use auth_cache::tier::{MemoryTier, Tier};
use auth_core::{ManualClock, Timestamp};
use auth_testkit::tiers::Subject;

struct Memory {
    clock: Arc<ManualClock>,
    tier: MemoryTier,
}

fn fresh() -> Ready<Memory> {
    let clock = Arc::new(ManualClock::at(Timestamp::from_unix_seconds(1_800_000_000)));
    ready(Memory {
        tier: MemoryTier::with_clock(clock.clone()),
        clock,
    })
}

#[async_trait]
impl Subject for Memory {
    async fn process(&self) -> Arc<dyn Tier> {
        Arc::new(self.tier.handle())
    }

    async fn pass(&self, time: Duration) {
        self.clock.advance(time);
    }

    async fn lose_everything(&self) {
        self.tier.lose_everything();
    }
}

auth_testkit::tier_suite!(fresh);
