//! A change of an account at a platform, of a tenant or an API key, and its events, are
//! one.

use auth_core::{ApiKeyId, TenantId};
use auth_store::{
    ApiKeyRotation, CreateApiKeyOutcome, LinkOutcome, NewApiKey, PlatformKey, PlatformStore,
    RemoveOutcome, RevokeApiKeyOutcome, RotateApiKeyOutcome, Store, TenantStatus, User,
};

use super::Subject;
use super::api_keys::{find, new_key, place, rotation};
use super::events::{kinds, outbox};
use super::world::{HOUR, World, holds};

fn platforms(store: &dyn Store) -> Option<&dyn PlatformStore> {
    store.platform_store()
}

fn account(id: &str) -> PlatformKey {
    PlatformKey::new("github", id).unwrap()
}

async fn told(world: &World) -> Vec<(String, String)> {
    let told = world.drain().await;
    let pairs = told
        .iter()
        .map(|event| (event.kind.to_string(), event.subject.clone()));
    pairs.collect()
}

fn about(kinds: &[&str], subject: &impl ToString) -> Vec<(String, String)> {
    let pair = |kind: &&str| ((*kind).to_owned(), subject.to_string());
    kinds.iter().map(pair).collect()
}

/// Each change that tells of itself does, in order, about the user, or about the
/// tenant where that is what changes.
pub async fn each_change_of_an_account_tells_its_event(subject: &dyn Subject) {
    let world = World::new(subject).await;
    if outbox(&*world.store).is_none() {
        return;
    }
    let contract = "each change tells its event, in order";
    let (tenant, user) = (TenantId::DEFAULT, world.user().await);
    for (turn, status) in [TenantStatus::Disabled, TenantStatus::Active]
        .into_iter()
        .enumerate()
    {
        let store = world.telling(turn, status.as_str());
        let _ = store.set_tenant_status(tenant, status).await.unwrap();
    }
    let expected = about(&["disabled", "active"], &tenant);
    assert_eq!(told(&world).await, expected, "{contract}");

    if platforms(&*world.store).is_some() {
        for (turn, kind) in ["a", "b"].into_iter().enumerate() {
            let store = world.telling(turn, kind);
            let linked = platforms(&*store)
                .unwrap()
                .link_platform(tenant, user.id, &account(kind))
                .await;
            holds!(
                linked.unwrap(),
                LinkOutcome::Linked(_),
                "an account is linked"
            );
        }
        let store = world.telling(0, "unlinked");
        let gone = platforms(&*store)
            .unwrap()
            .unlink_platform(tenant, user.id, &account("a"))
            .await;
        holds!(
            gone.unwrap().value,
            RemoveOutcome::Removed(_),
            "it is unlinked"
        );
        let store = world.telling(1, "removed");
        let gone = platforms(&*store)
            .unwrap()
            .remove_password(tenant, user.id)
            .await;
        holds!(
            gone.unwrap().value,
            RemoveOutcome::Removed(_),
            "a password is removed"
        );
        let expected = about(&["a", "b", "unlinked", "removed"], &user.id);
        assert_eq!(told(&world).await, expected, "{contract}");
    }
    if place(&*world.store).is_some() {
        keys_tell(&world, &user).await;
        let kinds = ["made", "made", "made", "rotated", "revoked", "his", "all"];
        assert_eq!(told(&world).await, about(&kinds, &user.id), "{contract}");
    }
}

async fn make(world: &World, user: &User, kind: &str) -> ApiKeyId {
    let (store, new) = (world.telling(0, kind), new_key(world, user));
    let made = place(&*store).unwrap().create_api_key(new).await;
    holds!(made.unwrap(), CreateApiKeyOutcome::Created(info) => info.id, "a key is made")
}

async fn keys_tell(world: &World, user: &User) {
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(make(world, user, "made").await);
    }
    let seen = find(&*world.store, ids[0]).await.unwrap();
    let store = world.telling(1, "rotated");
    let rotated = place(&*store)
        .unwrap()
        .rotate_api_key(&rotation(&seen, HOUR))
        .await;
    holds!(
        rotated.unwrap(),
        RotateApiKeyOutcome::Rotated(_),
        "a key is rotated"
    );
    for (key, whose, kind) in [(ids[0], None, "revoked"), (ids[1], Some(user.id), "his")] {
        let store = world.telling(0, kind);
        let revoked = place(&*store)
            .unwrap()
            .revoke_api_key(user.tenant, whose, key)
            .await;
        assert_eq!(revoked.unwrap().value, RevokeApiKeyOutcome::Revoked);
    }
    make_quietly(world, user).await;
    let store = world.telling(1, "all");
    let revoked = place(&*store)
        .unwrap()
        .revoke_api_keys(user.tenant, user.id)
        .await;
    assert_eq!(revoked.unwrap().value, 2, "which is one event");
}

async fn make_quietly(world: &World, user: &User) {
    let made = place(&*world.store)
        .unwrap()
        .create_api_key(new_key(world, user))
        .await;
    holds!(
        made.unwrap(),
        CreateApiKeyOutcome::Created(_),
        "a key is made"
    );
}

/// What is so already, and what cannot be, tells nothing.
pub async fn what_is_not_changed_tells_nothing(subject: &dyn Subject) {
    let world = World::new(subject).await;
    if outbox(&*world.store).is_none() {
        return;
    }
    let (tenant, user, other) = (TenantId::DEFAULT, world.user().await, world.user().await);
    let nowhere = world.tenant_id();
    let store = world.telling(0, "tenant");
    let none = store.set_tenant_status(nowhere, TenantStatus::Active).await;
    assert_eq!(none.unwrap().value, None);
    if platforms(&*world.store).is_some() {
        let quiet = platforms(&*world.store).unwrap();
        let _ = quiet
            .link_platform(tenant, user.id, &account("a"))
            .await
            .unwrap();
        let store = world.telling(1, "linked");
        let linking = platforms(&*store).unwrap();
        for (id, key) in [(user.id, "a"), (other.id, "a"), (world.user_id(), "c")] {
            let linked = linking.link_platform(tenant, id, &account(key)).await;
            assert!(!matches!(linked.unwrap(), LinkOutcome::Linked(_)));
        }
        let gone = linking
            .unlink_platform(tenant, other.id, &account("a"))
            .await;
        assert_eq!(gone.unwrap().value, RemoveOutcome::Unknown);
        let last = linking.remove_password(tenant, other.id).await;
        assert_eq!(last.unwrap().value, RemoveOutcome::LastMethod);
    }
    if place(&*world.store).is_some() {
        no_key_tells(&world, &user, &other).await;
    }
    let told = world.drain().await;
    assert_eq!(
        kinds(&told),
        [""; 0],
        "an event is there if its change is, and not otherwise"
    );
}

async fn no_key_tells(world: &World, user: &User, other: &User) {
    let quiet = place(&*world.store).unwrap();
    let new = new_key(world, user);
    let made = quiet.create_api_key(new.clone()).await.unwrap();
    holds!(made, CreateApiKeyOutcome::Created(_), "a key is made");
    let store = world.telling(0, "key");
    let telling = place(&*store).unwrap();
    let again = telling.create_api_key(new.clone()).await.unwrap();
    holds!(again, CreateApiKeyOutcome::Created(_), "and given again");
    let too_many = NewApiKey {
        limit: 1,
        ..new_key(world, user)
    };
    let refused = telling.create_api_key(too_many).await.unwrap();
    holds!(refused, CreateApiKeyOutcome::TooMany, "one is enough");
    let seen = find(&*world.store, new.id).await.unwrap();
    let next = rotation(&seen, HOUR);
    let rotated = quiet.rotate_api_key(&next).await.unwrap();
    holds!(rotated, RotateApiKeyOutcome::Rotated(_), "a key is rotated");
    let again = telling.rotate_api_key(&next).await.unwrap();
    holds!(again, RotateApiKeyOutcome::Rotated(_), "once");
    let late = ApiKeyRotation {
        hash: rotation(&seen, HOUR).hash,
        ..next
    };
    let moved = telling.rotate_api_key(&late).await.unwrap();
    holds!(
        moved,
        RotateApiKeyOutcome::Moved,
        "and not by who saw the old one"
    );
    let theirs = telling.revoke_api_key(user.tenant, Some(other.id), new.id);
    assert_eq!(theirs.await.unwrap().value, RevokeApiKeyOutcome::Unknown);
    let _ = quiet
        .revoke_api_key(user.tenant, None, new.id)
        .await
        .unwrap();
    let again = telling.revoke_api_key(user.tenant, None, new.id).await;
    assert_eq!(again.unwrap().value, RevokeApiKeyOutcome::Already);
    let none = telling.revoke_api_keys(other.tenant, other.id).await;
    assert_eq!(none.unwrap().value, 0);
}
