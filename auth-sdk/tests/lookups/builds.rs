//! What is built, and what is not.

use std::sync::Arc;
use std::time::Duration;

use auth_cache::tier::MemoryTier;
use auth_sdk::{Auth, AuthBuilder, BuildError, LookupCache};

use crate::support::{builder, rig, rig_with, root};

async fn build(configure: impl FnOnce(AuthBuilder) -> AuthBuilder) -> Result<Auth, BuildError> {
    let rig = rig().await;
    configure(builder(&rig.store, &rig.clock, root(1)))
        .build()
        .await
}

#[tokio::test]
async fn a_store_in_memory_has_them_without_being_asked() {
    let rig = rig().await;
    let stats = rig.auth.lookup_cache_stats().unwrap();
    assert!(stats.api_keys.is_none(), "there are no API keys");
    assert_eq!(stats.users.hears, None);
    let without = rig_with(|store| store, AuthBuilder::without_lookup_cache).await;
    assert!(without.auth.lookup_cache_stats().is_none());
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn a_file_has_them_and_a_server_has_not() {
    crate::support::stores::on_each_store(async |place| {
        let auth = place.auth().await;
        let is_counted = place.store.changes().is_some();
        assert_eq!(auth.lookup_cache_stats().is_some(), is_counted);
        let is_postgres = format!("{:?}", place.store).starts_with("PgStore");
        assert_eq!(is_counted, !is_postgres);
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_is_refused() {
    for ttl in [
        Duration::ZERO,
        Duration::from_millis(999),
        Duration::from_secs(61),
    ] {
        let cache = LookupCache::new().with_ttl(ttl);
        let refused = build(|it| it.with_lookup_cache(cache)).await;
        assert!(
            matches!(refused, Err(BuildError::LookupCache(_))),
            "{ttl:?}"
        );
    }
    let nothing = LookupCache::new().with_capacity(0);
    let refused = build(|it| it.with_lookup_cache(nothing)).await;
    assert!(matches!(refused, Err(BuildError::LookupCache(_))));
    let tier = LookupCache::new().with_tier(Arc::new(MemoryTier::new()));
    build(|it| it.with_lookup_cache(tier)).await.unwrap();
}

#[cfg(feature = "redis")]
#[tokio::test]
async fn redis_is_for_the_caches_that_there_are() {
    use auth_sdk::RedisLink;

    let link = || {
        RedisLink::single("redis://127.0.0.1:1/")
            .unwrap()
            .build()
            .unwrap()
    };
    let refused = build(|it| it.without_lookup_cache().with_redis(link())).await;
    assert!(matches!(refused, Err(BuildError::LookupCache(_))));
    let tier = LookupCache::new().with_tier(Arc::new(MemoryTier::new()));
    let refused = build(|it| it.with_lookup_cache(tier).with_redis(link())).await;
    assert!(matches!(refused, Err(BuildError::LookupCache(_))));
    build(|it| it.with_redis(link())).await.unwrap();
}
