//! How many API keys there are: no more than the limit, none of a user whose keys are
//! revoked, and none that ended long ago.

use std::collections::HashSet;

use auth_core::revocation::{Cursor, Target};
use auth_core::{ApiKeyId, TenantId};
use auth_store::{
    ApiKeyInfo, CreateApiKeyOutcome, ENDED_API_KEYS_KEPT, NewApiKey, RevokeApiKeyOutcome, User,
};

use super::Subject;
use super::api_keys::{create, new_key, place};
use super::race::at_once;
use super::world::{HOUR, World, holds};

async fn keys_of(world: &World, user: &User) -> Vec<ApiKeyInfo> {
    let store = place(&*world.second).unwrap();
    let keys = store.api_keys(user.tenant, Some(user.id), None, 1000).await;
    keys.unwrap()
}

async fn ask(world: &World, new: &NewApiKey) -> CreateApiKeyOutcome {
    let store = place(&*world.store).unwrap();
    store.create_api_key(new.clone()).await.unwrap()
}

/// Of a user's live keys there are no more than the limit; ended ones do not count.
pub async fn a_user_has_no_more_live_api_keys_than_the_limit(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let Some(store) = place(&*world.store) else {
        return;
    };
    let (user, other) = (world.user().await, world.user().await);
    let limited = |lifetime| NewApiKey {
        lifetime,
        limit: 2,
        ..new_key(&world, &user)
    };
    let (first, short) = (limited(None), limited(Some(HOUR)));
    create(&*world.store, &first).await;
    create(&*world.store, &short).await;
    let one_more = limited(None);
    let contract = "a user has no more live keys than the limit";
    holds!(
        ask(&world, &one_more).await,
        CreateApiKeyOutcome::TooMany,
        contract
    );
    assert_eq!(keys_of(&world, &user).await.len(), 2, "{contract}");
    let again = ask(&world, &first).await;
    holds!(
        again,
        CreateApiKeyOutcome::Created(_),
        "a key that was made is given again, whatever the limit"
    );
    let others = NewApiKey {
        limit: 1,
        ..new_key(&world, &other)
    };
    create(&*world.store, &others).await;

    let revoked = store.revoke_api_key(user.tenant, None, first.id).await;
    assert_eq!(revoked.unwrap().value, RevokeApiKeyOutcome::Revoked);
    create(&*world.store, &one_more).await;
    subject.pass(HOUR * 2).await;
    let contract = "keys that have ended do not count";
    holds!(
        ask(&world, &limited(None)).await,
        CreateApiKeyOutcome::Created(_),
        contract
    );
    holds!(
        ask(&world, &limited(None)).await,
        CreateApiKeyOutcome::TooMany,
        contract
    );
}

/// However many are made at once, the limit holds.
pub async fn of_16_api_keys_at_once_no_more_are_made_than_the_limit(subject: &dyn Subject) {
    let world = World::new(subject).await;
    if place(&*world.store).is_none() {
        return;
    }
    for _ in 0..4 {
        let user = world.user().await;
        let made = at_once(16, |turn| {
            let (store, new) = (world.handle(turn), new_key(&world, &user));
            let new = NewApiKey { limit: 5, ..new };
            async move { place(&*store).unwrap().create_api_key(new).await.unwrap() }
        })
        .await;
        let made = made
            .iter()
            .filter(|made| matches!(made, CreateApiKeyOutcome::Created(_)));
        let count = (made.count(), keys_of(&world, &user).await.len());
        assert_eq!(count, (5, 5), "of keys made at once the limit is made");
    }
}

/// All of a user's keys are revoked, each with its log row, and nobody else's.
pub async fn all_api_keys_of_a_user_are_revoked_at_once(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let Some(store) = place(&*world.store) else {
        return;
    };
    let (user, other) = (world.user().await, world.user().await);
    let mut ids: Vec<ApiKeyId> = Vec::new();
    for lifetime in [None, Some(HOUR), None] {
        let new = NewApiKey {
            lifetime,
            ..new_key(&world, &user)
        };
        ids.push(create(&*world.store, &new).await.id);
    }
    create(&*world.store, &new_key(&world, &other)).await;
    subject.pass(HOUR * 2).await;
    let before = store.revoke_api_key(user.tenant, None, ids[2]).await;
    assert_eq!(before.unwrap().value, RevokeApiKeyOutcome::Revoked);
    let cursor = world.page(&Cursor::start()).await.next;
    let spared = keys_of(&world, &other).await;

    let elsewhere = world.tenant().await;
    let none = store.revoke_api_keys(elsewhere, user.id).await.unwrap();
    assert_eq!(
        (none.value, none.revoked.len()),
        (0, 0),
        "a tenant's are its own"
    );
    let done = store.revoke_api_keys(user.tenant, user.id).await.unwrap();
    assert_eq!(
        done.value, 2,
        "those that were not revoked are, expired ones too"
    );
    let expected: HashSet<Target> = ids[..2]
        .iter()
        .map(|key| Target::ApiKey {
            tenant: TenantId::DEFAULT,
            key: *key,
        })
        .collect();
    let returned: HashSet<Target> = done.revoked.iter().map(|row| row.target).collect();
    assert_eq!(returned, expected, "the rows of the log are returned");
    let page = world.page(&cursor).await;
    let logged: HashSet<Target> = page.rows.iter().map(|row| row.target).collect();
    assert_eq!(logged, expected, "each has its row in the log");
    let are_revoked = |keys: &[ApiKeyInfo]| keys.iter().all(|key| key.revoked_at.is_some());
    assert!(
        are_revoked(&keys_of(&world, &user).await),
        "all are revoked"
    );
    assert_eq!(
        keys_of(&world, &other).await,
        spared,
        "another user's keys are left alone"
    );
    let again = store.revoke_api_keys(user.tenant, user.id).await.unwrap();
    assert_eq!((again.value, again.revoked.len()), (0, 0), "once");
    create(&*world.store, &new_key(&world, &user)).await;
}

/// What ended 30 days ago is forgotten when its user gets another key; live keys,
/// those that ended later, and other users' stay.
pub async fn api_keys_that_ended_long_ago_are_forgotten(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let Some(store) = place(&*world.store) else {
        return;
    };
    let (user, other) = (world.user().await, world.user().await);
    let with = |user: &User, lifetime| NewApiKey {
        lifetime,
        ..new_key(&world, user)
    };
    let live = create(&*world.store, &with(&user, None)).await.id;
    let revoked = create(&*world.store, &with(&user, None)).await.id;
    let expired = create(&*world.store, &with(&user, Some(HOUR))).await.id;
    let later = with(&user, Some(HOUR * 48));
    let later = create(&*world.store, &later).await.id;
    let others = create(&*world.store, &with(&other, Some(HOUR))).await.id;
    let done = store.revoke_api_key(user.tenant, None, revoked).await;
    assert_eq!(done.unwrap().value, RevokeApiKeyOutcome::Revoked);
    subject.pass(HOUR * 2).await;
    let ids = |keys: Vec<ApiKeyInfo>| keys.into_iter().map(|key| key.id).collect::<HashSet<_>>();
    let next = create(&*world.store, &with(&user, None)).await.id;
    let all = HashSet::from([live, revoked, expired, later, next]);
    let contract = "what has ended is listed for 30 days";
    assert_eq!(ids(keys_of(&world, &user).await), all, "{contract}");

    subject.pass(ENDED_API_KEYS_KEPT).await;
    let last = create(&*world.store, &with(&user, None)).await.id;
    let left = HashSet::from([live, later, next, last]);
    let contract = "and forgotten then, and nothing else is";
    assert_eq!(ids(keys_of(&world, &user).await), left, "{contract}");
    assert_eq!(
        ids(keys_of(&world, &other).await),
        HashSet::from([others]),
        "{contract}"
    );
    for gone in [revoked, expired] {
        let found = store.find_api_key(gone).await.unwrap();
        assert_eq!(found, None, "a key that is forgotten is not known");
    }
}
