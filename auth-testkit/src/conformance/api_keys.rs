//! API keys, where a store keeps them: making, finding, rotating, revoking.

use std::time::Duration;

use auth_core::api_key::ApiKeySecret;
use auth_core::revocation::{Cursor, Target};
use auth_core::{ApiKeyId, SystemRandom, TenantId, Timestamp, UserId};
use auth_store::{
    ApiKeyInfo, ApiKeyRecord, ApiKeyRotation, ApiKeyStore, Committed, CreateApiKeyOutcome,
    NewApiKey, RevokeApiKeyOutcome, RotateApiKeyOutcome, Store, User, UserStatus,
};

use super::Subject;
use super::world::{HOUR, MINUTE, World, holds};

/// Where the keys are. A store that keeps none has nothing to show.
pub(super) fn place(store: &dyn Store) -> Option<&dyn ApiKeyStore> {
    store.api_key_store()
}

pub(super) fn secret() -> ApiKeySecret {
    ApiKeySecret::draw(&SystemRandom::new()).unwrap()
}

pub(super) fn new_key(world: &World, user: &User) -> NewApiKey {
    let id = ApiKeyId::from_uuid(*world.session_id().as_uuid());
    NewApiKey {
        id,
        tenant: user.tenant,
        user: user.id,
        name: "deploys".to_owned(),
        scope: "orders:read orders:write".parse().unwrap(),
        hash: secret().hash(id),
        lifetime: None,
        limit: 100,
    }
}

pub(super) async fn create(store: &dyn Store, new: &NewApiKey) -> ApiKeyInfo {
    let outcome = place(store).unwrap().create_api_key(new.clone()).await;
    holds!(outcome.unwrap(), CreateApiKeyOutcome::Created(info) => info, "an active user gets a key")
}

pub(super) async fn find(store: &dyn Store, key: ApiKeyId) -> Option<ApiKeyRecord> {
    place(store).unwrap().find_api_key(key).await.unwrap()
}

async fn there(store: &dyn Store, key: ApiKeyId) -> ApiKeyRecord {
    find(store, key)
        .await
        .expect("a key that was made is found by its id")
}

/// A new secret for a key whose secret is the one of `seen`.
pub(super) fn rotation(seen: &ApiKeyRecord, overlap: Duration) -> ApiKeyRotation {
    ApiKeyRotation {
        tenant: seen.key.tenant,
        key: seen.key.id,
        seen: seen.hash,
        hash: secret().hash(seen.key.id),
        overlap,
    }
}

pub(super) async fn rotate(store: &dyn Store, rotation: &ApiKeyRotation) -> RotateApiKeyOutcome {
    place(store)
        .unwrap()
        .rotate_api_key(rotation)
        .await
        .unwrap()
}

pub(super) async fn revoke(
    store: &dyn Store,
    tenant: TenantId,
    user: Option<UserId>,
    key: ApiKeyId,
) -> Committed<RevokeApiKeyOutcome> {
    let revoked = place(store).unwrap().revoke_api_key(tenant, user, key);
    revoked.await.unwrap()
}

/// Whether `later` is about as long after `earlier` as it should be.
fn is_after(later: Option<Timestamp>, earlier: Timestamp, wanted: Duration) -> bool {
    later.is_some_and(|later| {
        let passed = later.since(earlier);
        passed >= wanted && passed < wanted + MINUTE
    })
}

/// A new key is what was asked for, for as long as was asked for.
pub async fn a_new_api_key_is_what_was_asked_for(subject: &dyn Subject) {
    let world = World::new(subject).await;
    if place(&*world.store).is_none() {
        return;
    }
    let user = world.user().await;
    for lifetime in [None, Some(HOUR)] {
        let new = NewApiKey {
            lifetime,
            ..new_key(&world, &user)
        };
        let info = create(&*world.store, &new).await;
        let found = there(&*world.second, new.id).await;
        assert_eq!(found.key, info, "a key is found as it was made");
        let said = (info.id, info.tenant, info.user, &info.name, &info.scope);
        let asked = (new.id, new.tenant, new.user, &new.name, &new.scope);
        assert_eq!(said, asked, "a key is made as it was asked for");
        assert_eq!(found.hash, new.hash, "the hash of its secret is kept");
        assert_eq!(found.former, None, "a new key has one secret");
        assert_eq!(found.user, user, "a key is read with its user");
        assert!(found.tenant_active && found.tver >= 1);
        let age = found.now.since(info.created_at);
        assert!(age < MINUTE, "the store's clock says when a key was made");
        match lifetime {
            None => assert_eq!(info.expires_at, None, "a key may live for ever"),
            Some(lifetime) => assert!(
                is_after(info.expires_at, info.created_at, lifetime),
                "a key ends when it was told to"
            ),
        }
        let rest = (
            info.rotated_at,
            info.former_until,
            info.last_used_at,
            info.revoked_at,
        );
        assert_eq!(rest, (None, None, None, None), "nothing has happened to it");
    }
}

/// Who may do nothing gets no key; nor does nobody.
pub async fn an_api_key_is_for_an_active_user(subject: &dyn Subject) {
    let world = World::new(subject).await;
    if place(&*world.store).is_none() {
        return;
    }
    let (user, other) = (world.user().await, world.tenant().await);
    let mut nobody = user.clone();
    nobody.id = world.user_id();
    let mut stranger = user.clone();
    stranger.tenant = other;
    let disabled = world.user().await;
    let set = world
        .store
        .set_user_status(disabled.tenant, disabled.id, UserStatus::Disabled);
    let _ = set.await.unwrap();
    for nobody in [nobody, stranger, disabled] {
        let new = new_key(&world, &nobody);
        let outcome = place(&*world.store)
            .unwrap()
            .create_api_key(new.clone())
            .await;
        let contract = "a key is made for an active user of the tenant and for nobody else";
        holds!(outcome.unwrap(), CreateApiKeyOutcome::NoUser, contract);
        assert_eq!(find(&*world.second, new.id).await, None, "{contract}");
    }
}

/// An id is one key's. Who asks again, since the answer was lost, gets it.
pub async fn an_api_key_id_in_use_is_not_given_again(subject: &dyn Subject) {
    let world = World::new(subject).await;
    if place(&*world.store).is_none() {
        return;
    }
    let (user, other) = (world.user().await, world.tenant().await);
    let new = new_key(&world, &user);
    let info = create(&*world.store, &new).await;
    let again = create(&*world.second, &new).await;
    assert_eq!(
        again, info,
        "a key that is asked for again is the one that was made"
    );
    for thief in [world.user().await, world.user_of(other).await] {
        let taken = NewApiKey {
            tenant: thief.tenant,
            user: thief.id,
            hash: secret().hash(new.id),
            ..new.clone()
        };
        let outcome = place(&*world.store).unwrap().create_api_key(taken).await;
        assert!(outcome.is_err(), "an id is one key's, whatever its tenant");
    }
    let found = there(&*world.store, new.id).await;
    assert_eq!((found.key, found.hash), (info, new.hash));
}

/// A key is read with what its user and its versions are now.
pub async fn c69_the_key_of_a_disabled_user_says_so(subject: &dyn Subject) {
    let world = World::new(subject).await;
    if place(&*world.store).is_none() {
        return;
    }
    let user = world.user().await;
    let new = new_key(&world, &user);
    create(&*world.store, &new).await;
    let roles = vec!["auditor".to_owned()];
    let set = world
        .store
        .set_user_roles(user.tenant, user.id, roles.clone());
    let _ = set.await.unwrap();
    let now = there(&*world.second, new.id).await.user;
    assert_eq!(now.roles, roles, "a key has the roles its user has now");
    assert_eq!(now.ver, user.ver + 1, "and the version");
    for status in [UserStatus::Disabled, UserStatus::Active] {
        let set = world.store.set_user_status(user.tenant, user.id, status);
        let _ = set.await.unwrap();
        let now = there(&*world.second, new.id).await.user;
        assert_eq!(now.status, status, "the key of a disabled user says so");
    }
}

/// A key is revoked once and for ever, and in the log from the return on.
pub async fn a_revoked_api_key_is_revoked_for_ever(subject: &dyn Subject) {
    let world = World::new(subject).await;
    if place(&*world.store).is_none() {
        return;
    }
    let lifetime = Duration::from_secs(300);
    world.store.settings(lifetime).await.unwrap();
    let user = world.user().await;
    let (new, other) = (new_key(&world, &user), new_key(&world, &user));
    create(&*world.store, &new).await;
    create(&*world.store, &other).await;
    let cursor = world.page(&Cursor::start()).await.next;
    let done = revoke(&*world.store, user.tenant, Some(user.id), new.id).await;
    assert_eq!(done.value, RevokeApiKeyOutcome::Revoked, "a key is revoked");
    let (tenant, key) = (user.tenant, new.id);
    let targets: Vec<_> = done.revoked.iter().map(|row| row.target).collect();
    assert_eq!(
        targets,
        [Target::ApiKey { tenant, key }],
        "and its row is returned"
    );
    let page = world.page(&cursor).await;
    assert_eq!(
        page.rows, done.revoked,
        "a revoked key is in the log from the return on"
    );
    let remembered = page.rows[0].expires_at.since(page.now);
    assert!(
        remembered > lifetime,
        "for longer than what was read of it may be kept"
    );
    subject.pass(HOUR * 24 * 400).await;
    let found = there(&*world.second, new.id).await;
    let revoked_at = found.key.revoked_at;
    assert!(revoked_at <= Some(found.now), "the store's clock says when");
    assert!(revoked_at.is_some(), "a revoked key is revoked for ever");
    let again = revoke(&*world.second, user.tenant, None, new.id).await;
    let contract = "a key is revoked once";
    assert_eq!(
        again,
        Committed::quiet(RevokeApiKeyOutcome::Already),
        "{contract}"
    );
    assert_eq!(
        there(&*world.second, new.id).await.key.revoked_at,
        revoked_at
    );
    let other = there(&*world.second, other.id).await.key;
    assert_eq!(other.revoked_at, None, "other keys live on");
}

/// Another user's and another tenant's keys are nobody's to revoke or rotate.
pub async fn an_api_key_of_somebody_else_is_not_touched(subject: &dyn Subject) {
    let world = World::new(subject).await;
    if place(&*world.store).is_none() {
        return;
    }
    let (user, thief, other) = (world.user().await, world.user().await, world.tenant().await);
    let new = new_key(&world, &user);
    create(&*world.store, &new).await;
    let before = there(&*world.store, new.id).await;
    let contract = "a key is revoked through its own tenant and user alone";
    for (tenant, user) in [
        (user.tenant, Some(thief.id)),
        (other, None),
        (other, Some(user.id)),
    ] {
        let done = revoke(&*world.store, tenant, user, new.id).await;
        assert_eq!(
            done,
            Committed::quiet(RevokeApiKeyOutcome::Unknown),
            "{contract}"
        );
    }
    let unknown = ApiKeyId::from_uuid(*world.session_id().as_uuid());
    let done = revoke(&*world.store, user.tenant, None, unknown).await;
    assert_eq!(
        done,
        Committed::quiet(RevokeApiKeyOutcome::Unknown),
        "{contract}"
    );
    let stolen = ApiKeyRotation {
        tenant: other,
        ..rotation(&before, HOUR)
    };
    let outcome = rotate(&*world.store, &stolen).await;
    holds!(
        outcome,
        RotateApiKeyOutcome::Moved,
        "a key is rotated through its own tenant alone"
    );
    let now = there(&*world.second, new.id).await;
    assert_eq!(
        (now.key, now.hash),
        (before.key, before.hash),
        "and is as it was"
    );
}

/// While it is rotated a key has two secrets: the new one, and for the overlap
/// the one before, never a third.
pub async fn a_rotated_api_key_has_two_secrets_for_the_overlap(subject: &dyn Subject) {
    let world = World::new(subject).await;
    if place(&*world.store).is_none() {
        return;
    }
    let new = new_key(&world, &world.user().await);
    create(&*world.store, &new).await;
    let first = there(&*world.store, new.id).await;
    let change = rotation(&first, HOUR);
    let outcome = rotate(&*world.store, &change).await;
    let info = holds!(outcome, RotateApiKeyOutcome::Rotated(info) => info, "a key is rotated");
    let second = there(&*world.second, new.id).await;
    assert_eq!(second.key, info, "a rotated key is as the rotation said");
    assert_eq!(second.hash, change.hash, "its secret is the new one");
    let rotated_at = info.rotated_at.expect("it is known when a key was rotated");
    let former = second
        .former
        .expect("the former secret lives on for the overlap");
    assert_eq!(former.hash, first.hash, "which is the one it had before");
    assert!(
        is_after(Some(former.until), rotated_at, HOUR),
        "for as long as was said"
    );
    assert_eq!(info.former_until, Some(former.until));
    assert_eq!(info.created_at, first.key.created_at, "it is the same key");

    let third = rotation(&second, HOUR);
    rotate(&*world.second, &third).await;
    let found = there(&*world.store, new.id).await;
    let former = found.former.map(|former| former.hash);
    assert_eq!(
        (found.hash, former),
        (third.hash, Some(second.hash)),
        "never three secrets"
    );

    subject.pass(MINUTE * 59).await;
    assert!(
        there(&*world.store, new.id).await.former.is_some(),
        "to the end of the overlap"
    );
    subject.pass(MINUTE * 2).await;
    let found = there(&*world.store, new.id).await;
    assert_eq!(
        (found.hash, found.former),
        (third.hash, None),
        "and no longer"
    );

    let at_once = rotation(&found, Duration::ZERO);
    rotate(&*world.store, &at_once).await;
    let found = there(&*world.store, new.id).await;
    let contract = "without an overlap the former secret is dead at once";
    assert_eq!(
        (found.hash, found.former),
        (at_once.hash, None),
        "{contract}"
    );
}

/// A rotation starts from the secret that was seen; asked again it is made once.
pub async fn a_rotation_that_saw_another_secret_changes_nothing(subject: &dyn Subject) {
    let world = World::new(subject).await;
    if place(&*world.store).is_none() {
        return;
    }
    let new = new_key(&world, &world.user().await);
    create(&*world.store, &new).await;
    let first = there(&*world.store, new.id).await;
    let change = rotation(&first, HOUR);
    rotate(&*world.store, &change).await;
    let now = there(&*world.store, new.id).await;
    let again = rotate(&*world.second, &change).await;
    let contract = "a rotation that is asked for again is the one that was made";
    let again = holds!(again, RotateApiKeyOutcome::Rotated(info) => info, contract);
    assert_eq!(again, now.key, "{contract}");
    let late = rotation(&first, HOUR);
    let outcome = rotate(&*world.second, &late).await;
    holds!(
        outcome,
        RotateApiKeyOutcome::Moved,
        "a rotation starts from the secret that was seen"
    );
    let then = there(&*world.second, new.id).await;
    assert_eq!(
        (then.key, then.hash, then.former),
        (now.key, now.hash, now.former)
    );
}

/// A key that has ended gets no new secret, and no secret outlives its key.
pub async fn an_ended_api_key_gets_no_new_secret(subject: &dyn Subject) {
    let world = World::new(subject).await;
    if place(&*world.store).is_none() {
        return;
    }
    let user = world.user().await;
    let new = NewApiKey {
        lifetime: Some(HOUR),
        ..new_key(&world, &user)
    };
    create(&*world.store, &new).await;
    let seen = there(&*world.store, new.id).await;
    rotate(&*world.store, &rotation(&seen, HOUR * 24)).await;
    let seen = there(&*world.store, new.id).await;
    let until = seen.former.map(|former| former.until);
    assert_eq!(until, seen.key.expires_at, "no secret outlives its key");
    let revoked = new_key(&world, &user);
    create(&*world.store, &revoked).await;
    let of_revoked = there(&*world.store, revoked.id).await;
    let _ = revoke(&*world.store, user.tenant, None, revoked.id).await;
    subject.pass(HOUR + MINUTE).await;
    for seen in [seen, of_revoked] {
        let outcome = rotate(&*world.store, &rotation(&seen, HOUR)).await;
        holds!(
            outcome,
            RotateApiKeyOutcome::Moved,
            "a key that has ended is not rotated"
        );
        let now = there(&*world.second, seen.key.id).await;
        assert_eq!(
            now.hash, seen.hash,
            "a key that has ended gets no new secret"
        );
    }
    let done = revoke(&*world.store, user.tenant, None, new.id).await;
    assert_eq!(
        done.value,
        RevokeApiKeyOutcome::Revoked,
        "an expired key is revoked too"
    );
}

/// A use is news once a minute.
pub async fn the_use_of_an_api_key_is_noted_once_a_minute(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let Some(keys) = place(&*world.store) else {
        return;
    };
    let user = world.user().await;
    let (new, other) = (new_key(&world, &user), new_key(&world, &user));
    create(&*world.store, &new).await;
    create(&*world.store, &other).await;
    assert!(
        keys.note_api_key_use(new.id).await.unwrap(),
        "a first use is noted"
    );
    let noted = there(&*world.second, new.id).await;
    let at = noted
        .key
        .last_used_at
        .expect("a use that was noted is read");
    assert!(
        at <= noted.now && noted.now.since(at) < MINUTE,
        "by the store's clock"
    );
    for _ in 0..3 {
        let again = keys.note_api_key_use(new.id).await.unwrap();
        assert!(!again, "a use within the minute is no news");
    }
    let found = there(&*world.second, new.id).await;
    assert_eq!(found.key.last_used_at, Some(at), "and writes nothing");
    subject.pass(MINUTE).await;
    assert!(
        keys.note_api_key_use(new.id).await.unwrap(),
        "a minute later it is"
    );
    let other = there(&*world.second, other.id).await;
    assert_eq!(
        other.key.last_used_at, None,
        "other keys are not used by it"
    );
    let unknown = ApiKeyId::from_uuid(*world.session_id().as_uuid());
    assert!(
        !keys.note_api_key_use(unknown).await.unwrap(),
        "nothing is noted of nothing"
    );
}

/// Names that are made to break something come back as they were.
pub async fn hostile_names_of_api_keys_come_back_unchanged(subject: &dyn Subject) {
    let world = World::new(subject).await;
    if place(&*world.store).is_none() {
        return;
    }
    let user = world.user().await;
    for name in super::hostile::texts() {
        let new = NewApiKey {
            name: name.clone(),
            scope: "'; {a,b} $1 %s https://x.org/#e".parse().unwrap(),
            ..new_key(&world, &user)
        };
        let info = create(&*world.store, &new).await;
        let found = there(&*world.second, new.id).await.key;
        for info in [info, found] {
            assert_eq!(info.name, name, "a name comes back as it was given");
            assert_eq!(info.scope, new.scope, "so does the scope");
        }
    }
}
