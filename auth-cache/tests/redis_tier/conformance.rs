//! It passes the suite that every tier must pass.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use auth_cache::tier::Tier;
use auth_testkit::tiers::Subject;

use super::support::World;

#[async_trait]
impl Subject for World {
    async fn process(&self) -> Arc<dyn Tier> {
        Self::process(self)
    }

    async fn pass(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    async fn lose_everything(&self) {
        let mut stranger = self.stranger().await;
        let _: () = redis::cmd("FLUSHALL")
            .query_async(&mut stranger)
            .await
            .unwrap();
    }
}

async fn fresh() -> World {
    World::start().await
}

auth_testkit::tier_suite!(fresh);
