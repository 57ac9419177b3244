//! What others change.

use std::sync::Arc;
use std::time::Duration;

use auth_cache::tier::MemoryTier;
use auth_core::TenantId;
use auth_sdk::{Auth, Code, LookupCache, TenantStatus, UserStatus};

use crate::keyed::{Changed, Keyed, code, keyed, keyed_with, scope, set_roles, until};

const DEAD: Option<Code> = Some(Code::InvalidToken);
const MINUTE: Duration = Duration::from_secs(60);

/// Another instance on the same store, for which a key is in use too.
async fn beside(keyed: &Keyed) -> (Auth, auth_sdk::IssuedApiKey) {
    let made = keyed.hot().await;
    let other = keyed
        .another(|it| it.with_lookup_cache(LookupCache::new()))
        .await;
    for _ in 0..3 {
        assert_eq!(code(&other, &made.key).await, None);
    }
    (other, made)
}

/// Two handles on one store in one process: whoever changes it, both know.
#[tokio::test]
async fn where_changes_are_counted_a_key_is_dead_at_once_whoever_revoked_it() {
    let keyed = keyed(Changed::Here).await;
    let (other, made) = beside(&keyed).await;
    keyed.revoke(made.info.id).await;
    assert_eq!(code(&other, &made.key).await, DEAD);

    // Past every `Auth`.
    let (other, made) = beside(&keyed).await;
    let keys = keyed.store().api_key_store().unwrap();
    let tenant = TenantId::DEFAULT;
    let done = keys.revoke_api_key(tenant, Some(keyed.ada.id), made.info.id);
    drop(done.await.unwrap());
    for auth in [&keyed.rig.auth, &other] {
        assert_eq!(code(auth, &made.key).await, DEAD);
    }

    let (other, made) = beside(&keyed).await;
    set_roles(&other, &keyed, &["write"]).await;
    let identity = keyed.rig.auth.verifier().verify(made.key.expose()).await;
    assert_eq!(identity.unwrap().roles(), ["write"]);
}

/// Without a tier: what is kept ends after a minute, and not later, used or not.
#[tokio::test]
async fn c69_what_another_instance_has_revoked_is_dead_within_a_minute() {
    let keyed = keyed(Changed::Anywhere).await;
    let (other, made) = beside(&keyed).await;
    keyed.revoke(made.info.id).await;
    assert_eq!(keyed.code(&made.key).await, DEAD);
    for _ in 0..12 {
        keyed.rig.pass(MINUTE / 12);
        // Let in or not: nobody has told it.
        let _ = code(&other, &made.key).await;
    }
    assert_eq!(code(&other, &made.key).await, DEAD);
}

#[tokio::test]
async fn the_time_that_an_application_asks_for_is_kept() {
    let keyed = keyed(Changed::Anywhere).await;
    let brief = LookupCache::new().with_ttl(Duration::from_secs(3));
    let other = keyed.another(|it| it.with_lookup_cache(brief)).await;
    let made = keyed.hot().await;
    assert_eq!(code(&other, &made.key).await, None);
    keyed.revoke(made.info.id).await;
    keyed.rig.pass(Duration::from_secs(3));
    assert_eq!(code(&other, &made.key).await, DEAD);
}

/// A copy lets in, and never turns away: clients throw away keys that are said to be
/// bad.
#[tokio::test]
async fn what_another_instance_has_allowed_works_at_once() {
    let keyed = keyed(Changed::Anywhere).await;
    let (other, first) = beside(&keyed).await;
    let second = keyed.rotate(first.info.id, Duration::ZERO).await;
    assert_eq!(code(&other, &second.key).await, None, "a new secret");
    assert_eq!(
        code(&other, &first.key).await,
        DEAD,
        "and it has learned of it"
    );

    for dead_for in [MINUTE, Duration::ZERO] {
        keyed.set_status(UserStatus::Disabled).await;
        keyed.rig.pass(dead_for);
        let _ = code(&other, &second.key).await;
        keyed.set_status(UserStatus::Active).await;
        assert_eq!(code(&other, &second.key).await, None, "its user again");
    }
    let auth = &keyed.rig.auth;
    for status in [TenantStatus::Disabled, TenantStatus::Active] {
        auth.set_tenant_status(TenantId::DEFAULT, status)
            .await
            .unwrap();
        keyed.rig.pass(MINUTE);
        let answer = (status == TenantStatus::Disabled).then_some(Code::InvalidToken);
        assert_eq!(code(&other, &second.key).await, answer);
    }
}

#[tokio::test]
async fn a_third_instance_that_keeps_nothing_asks_each_time() {
    let keyed = keyed(Changed::Anywhere).await;
    let made = keyed.hot().await;
    let other = keyed
        .another(auth_sdk::AuthBuilder::without_lookup_cache)
        .await;
    assert!(other.lookup_cache_stats().is_none());
    assert_eq!(code(&other, &made.key).await, None);
    keyed.revoke(made.info.id).await;
    assert_eq!(code(&other, &made.key).await, DEAD);
    let unasked = keyed.another(|it| it).await;
    assert!(
        unasked.lookup_cache_stats().is_none(),
        "others may change it"
    );
}

struct Pair {
    keyed: Keyed,
    other: Auth,
}

/// Two instances with a tier between them, both of which hear of each other.
async fn pair() -> Pair {
    let tier = MemoryTier::new();
    let there = LookupCache::new().with_tier(Arc::new(tier.handle()));
    let here = LookupCache::new().with_tier(Arc::new(tier));
    let keyed = keyed_with(Changed::Anywhere, |it| it.with_lookup_cache(here)).await;
    let other = keyed.another(|it| it.with_lookup_cache(there)).await;
    until(async || [&keyed.rig.auth, &other].into_iter().all(hears)).await;
    Pair { keyed, other }
}

fn hears(auth: &Auth) -> bool {
    let stats = auth.lookup_cache_stats().unwrap();
    stats.users.hears == Some(true) && stats.api_keys.unwrap().hears == Some(true)
}

impl Pair {
    async fn hot(&self) -> auth_sdk::IssuedApiKey {
        let made = self.keyed.hot().await;
        let again = async {
            for _ in 0..100 {
                assert_eq!(code(&self.other, &made.key).await, None);
            }
        };
        assert!(self.keyed.finds(again).await <= 2, "it is kept there too");
        made
    }
}

#[tokio::test]
async fn c69_with_a_tier_a_key_dies_everywhere() {
    let pair = pair().await;
    let Pair { keyed, other } = &pair;
    let made = pair.hot().await;
    keyed.revoke(made.info.id).await;
    until(async || code(other, &made.key).await == DEAD).await;

    let made = pair.hot().await;
    keyed.set_status(UserStatus::Disabled).await;
    until(async || code(other, &made.key).await == DEAD).await;
    keyed.set_status(UserStatus::Active).await;
    assert_eq!(code(other, &made.key).await, None, "at once");

    let auth = &keyed.rig.auth;
    auth.set_tenant_status(TenantId::DEFAULT, TenantStatus::Disabled)
        .await
        .unwrap();
    until(async || code(other, &made.key).await == DEAD).await;
    auth.set_tenant_status(TenantId::DEFAULT, TenantStatus::Active)
        .await
        .unwrap();
    assert_eq!(code(other, &made.key).await, None, "at once");

    set_roles(other, keyed, &["write"]).await;
    let has_lost = async || {
        let identity = auth.verifier().verify(made.key.expose()).await.unwrap();
        identity.scope() == &scope("") && identity.roles() == ["write"]
    };
    until(has_lost).await;
    set_roles(other, keyed, &["read", "write"]).await;

    let made = pair.hot().await;
    let rotated = keyed.rotate(made.info.id, Duration::ZERO).await;
    until(async || code(other, &made.key).await == DEAD).await;
    assert_eq!(code(other, &rotated.key).await, None);
}

#[tokio::test]
async fn with_a_tier_users_are_loaded_by_one_for_all() {
    let Pair { keyed, other } = pair().await;
    let (cx, ada) = (&keyed.rig.cx, keyed.ada.id);
    keyed.unsure.take_statements();
    for _ in 0..50 {
        for auth in [&keyed.rig.auth, &other] {
            let shown = auth.cached_user(cx, ada).await.unwrap();
            assert_eq!(shown, keyed.ada);
        }
    }
    let asked = keyed.unsure.take_statements();
    assert!(
        asked.len() <= 2,
        "{asked:?}: the second may have been as fast"
    );
    set_roles(&other, &keyed, &["write"]).await;
    let shown = other.cached_user(cx, ada).await.unwrap();
    assert_eq!(shown.roles, ["write"]);
    until(async || {
        let shown = keyed.rig.auth.cached_user(cx, ada).await.unwrap();
        shown.roles == ["write"]
    })
    .await;
}

#[tokio::test]
async fn where_changes_are_counted_a_tier_is_not_asked() {
    let tier = Arc::new(MemoryTier::new());
    let shared = LookupCache::new().with_tier(tier);
    let keyed = keyed_with(Changed::Here, |it| it.with_lookup_cache(shared)).await;
    let stats = keyed.rig.auth.lookup_cache_stats().unwrap();
    assert_eq!(stats.users.hears, None);
}
