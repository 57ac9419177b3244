//! Dropped changes of API keys, accounts at platforms, and tenants.

use auth_core::revocation::Target;
use auth_store::{PlatformKey, TenantStatus};

use super::Subject;
use super::api_keys::{self, create, find, new_key, rotation};
use super::dropped::{ROUNDS, dropped, works};
use super::world::{HOUR, World};

/// A dropped revocation revoked the key and wrote the log row, or did neither.
pub async fn a_dropped_revocation_of_an_api_key_is_made_or_not(subject: &dyn Subject) {
    let world = World::new(subject).await;
    if api_keys::place(&*world.store).is_none() {
        return;
    }
    let user = world.user().await;
    for round in 0..ROUNDS {
        let new = new_key(&world, &user);
        create(&*world.store, &new).await;
        let (store, tenant, key) = (world.handle(round / 2), user.tenant, new.id);
        let keys = api_keys::place(&*store).unwrap();
        dropped(round, keys.revoke_api_key(tenant, Some(user.id), key)).await;
        let is_revoked = async || {
            let known = find(&*world.second, key).await.unwrap();
            known.key.revoked_at.is_some()
        };
        // It may still be under way: what is seen later is not less.
        let before = is_revoked().await;
        let rows = world.log().await;
        let is_logged = rows
            .iter()
            .any(|(target, _)| *target == Target::ApiKey { tenant, key });
        let after = is_revoked().await;
        assert!(
            before <= is_logged && is_logged <= after,
            "a key is revoked and logged as one"
        );
    }
    works(&world).await;
}

/// A dropped rotation left the key with its former secret as the former one, or
/// as it was.
pub async fn a_dropped_rotation_of_an_api_key_is_made_or_not(subject: &dyn Subject) {
    let world = World::new(subject).await;
    if api_keys::place(&*world.store).is_none() {
        return;
    }
    let new = new_key(&world, &world.user().await);
    create(&*world.store, &new).await;
    for round in 0..ROUNDS {
        let seen = find(&*world.store, new.id).await.unwrap();
        let change = rotation(&seen, HOUR);
        let store = world.handle(round / 2);
        let keys = api_keys::place(&*store).unwrap();
        dropped(round, keys.rotate_api_key(&change)).await;
        let now = find(&*world.second, new.id).await.unwrap();
        let former = now.former.map(|former| former.hash);
        let is_made = now.hash == change.hash;
        assert_eq!(
            is_made,
            former == Some(seen.hash),
            "both secrets move together"
        );
        assert!(is_made || now.hash == seen.hash, "and to nothing else");
        // Or the next round would meet it.
        api_keys::rotate(&*world.store, &change).await;
    }
    works(&world).await;
}

/// A dropped unlinking took the account and ended the sessions, or did neither.
pub async fn a_dropped_unlinking_is_made_or_not(subject: &dyn Subject) {
    let world = World::new(subject).await;
    if world.store.platform_store().is_none() {
        return;
    }
    for round in 0..ROUNDS {
        let user = world.user().await;
        let key = PlatformKey::new("platform", format!("{round}")).unwrap();
        let store = world.handle(round / 2);
        let platforms = store.platform_store().unwrap();
        platforms
            .link_platform(user.tenant, user.id, &key)
            .await
            .unwrap();
        dropped(round, platforms.unlink_platform(user.tenant, user.id, &key)).await;
        let is_gone = async || {
            let platforms = world.second.platform_store().unwrap();
            let accounts = platforms.platform_accounts(user.tenant, user.id);
            accounts.await.unwrap().is_empty()
        };
        // It may still be under way: what is seen later is not less.
        let before = is_gone().await;
        let now = world.record(&user).await.user;
        let is_raised = now.ver > user.ver;
        let after = is_gone().await;
        let contract = "an account goes and the sessions end as one";
        assert!(before <= is_raised && is_raised <= after, "{contract}");
        assert_eq!(
            is_raised,
            now.session_epoch > user.session_epoch,
            "{contract}"
        );
    }
    works(&world).await;
}

/// A dropped status of a tenant was set with its version, or not at all.
pub async fn a_dropped_status_of_a_tenant_is_set_or_not(subject: &dyn Subject) {
    let world = World::new(subject).await;
    for round in 0..ROUNDS {
        let tenant = world.tenant().await;
        let store = world.handle(round / 2);
        dropped(
            round,
            store.set_tenant_status(tenant, TenantStatus::Disabled),
        )
        .await;
        let now = world.second.tenant(tenant).await.unwrap().unwrap();
        let is_set = now.status == TenantStatus::Disabled;
        assert_eq!(is_set, now.ver == 2, "status and version move together");
        let rows = world.log().await;
        let target = Target::Tenant { tenant, floor: 2 };
        let is_logged = rows.iter().any(|(logged, _)| *logged == target);
        assert!(is_logged || !is_set, "a status that is set is in the log");
    }
    works(&world).await;
}
