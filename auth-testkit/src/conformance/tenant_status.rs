//! Tenants that are disabled, and active again.

use std::collections::BTreeSet;

use auth_core::TenantId;
use auth_core::revocation::{Revocation, Target};
use auth_store::{
    CreateApiKeyOutcome, CreateOutcome, Identifier, LinkOutcome, OpenOutcome, PlatformKey,
    RotateOutcome, Tenant, TenantStatus, UserRecord,
};

use super::Subject;
use super::api_keys;
use super::race::at_once;
use super::world::{World, holds};

const DISABLED: TenantStatus = TenantStatus::Disabled;
const ACTIVE: TenantStatus = TenantStatus::Active;

/// Sets the status; the tenant as it is then, and its row of the log.
async fn set(world: &World, tenant: TenantId, status: TenantStatus) -> (Tenant, Revocation) {
    let done = world.store.set_tenant_status(tenant, status).await.unwrap();
    let changed = done.value.expect("a tenant that is there is changed");
    let floor = changed.ver;
    assert_eq!(
        changed.status, status,
        "a tenant has the status that was set"
    );
    assert_eq!(done.revoked.len(), 1, "which is a revocation");
    let row = done.revoked[0];
    assert_eq!(
        row.target,
        Target::Tenant { tenant, floor },
        "of everything below its version"
    );
    let read = world.second.tenant(tenant).await.unwrap();
    assert_eq!(read, Some(changed), "a tenant is read as it was set");
    (changed, row)
}

/// Every way in which a log-in reads a user.
async fn records(
    world: &World,
    tenant: TenantId,
    name: &str,
    id: auth_core::UserId,
) -> Vec<UserRecord> {
    let identifier = Identifier::new(name).unwrap();
    let by_name = world.second.find_user(tenant, &identifier).await.unwrap();
    let by_id = world.second.user(tenant, id).await.unwrap();
    let mut found = vec![by_name.unwrap(), by_id.unwrap()];
    if let Some(attempts) = world.second.attempt_store() {
        let attempt = auth_store::Attempt {
            tenant,
            identifier,
            from: auth_store::AttemptFrom::KnownDevice,
        };
        let (_, record) = attempts.reserve_attempt(&attempt).await.unwrap();
        found.push(record.unwrap());
    }
    found
}

/// In a disabled tenant nobody signs up, logs in or refreshes; users are found,
/// and say that their tenant is disabled. Other tenants go on.
pub async fn in_a_disabled_tenant_nobody_does_anything(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let tenant = world.tenant().await;
    let user = world.create(world.new_user(tenant, "a@x.org")).await;
    let (held, seen) = (world.open(&user).await, world.seen(&user).await);
    let (_, elsewhere) = world.logged_in().await;
    let new_key = api_keys::new_key(&world, &user);
    if api_keys::place(&*world.store).is_some() {
        api_keys::create(&*world.store, &new_key).await;
    }
    for record in records(&world, tenant, "a@x.org", user.id).await {
        assert!(record.tenant_active && record.is_active());
    }
    set(&world, tenant, DISABLED).await;

    let outcome = world
        .second
        .create_user(world.new_user(tenant, "b@x.org"))
        .await;
    holds!(
        outcome.unwrap(),
        CreateOutcome::NoTenant,
        "in a disabled tenant nobody signs up"
    );
    let (session, _) = world.new_session(&user, seen);
    let outcome = world.second.open_session(session).await.unwrap();
    holds!(
        outcome,
        OpenOutcome::Moved,
        "in a disabled tenant nobody logs in"
    );
    let outcome = world.present(&held, &held.token).await;
    holds!(
        outcome,
        RotateOutcome::Ended,
        "in a disabled tenant nobody refreshes"
    );
    let listed = world.second.sessions(tenant, user.id).await.unwrap();
    assert_eq!(listed, [], "a disabled tenant has no live session");
    for record in records(&world, tenant, "a@x.org", user.id).await {
        let contract = "a user of a disabled tenant is found, and says that it is";
        assert_eq!(record.user, user, "{contract}");
        assert!(!record.tenant_active && !record.is_active(), "{contract}");
    }
    if let Some(keys) = api_keys::place(&*world.store) {
        let known = api_keys::find(&*world.second, new_key.id).await.unwrap();
        assert!(!known.tenant_active, "so does a key");
        let outcome = keys.create_api_key(api_keys::new_key(&world, &user)).await;
        holds!(
            outcome.unwrap(),
            CreateApiKeyOutcome::NoUser,
            "and nobody gets another"
        );
    }
    if let Some(platforms) = world.store.platform_store() {
        let key = PlatformKey::new("platform", "a").unwrap();
        let outcome = platforms
            .link_platform(tenant, user.id, &key)
            .await
            .unwrap();
        holds!(outcome, LinkOutcome::NoUser, "or an account");
    }
    world.renew(&elsewhere).await;
    assert!(
        world.record(&elsewhere.grant.user).await.tenant_active,
        "other tenants go on"
    );
}

/// What was open goes on in a tenant that is active again, with its new version.
pub async fn what_was_open_goes_on_when_its_tenant_is_active_again(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let tenant = world.tenant().await;
    let user = world.user_of(tenant).await;
    let held = world.open(&user).await;
    let first = world.store.tenant(tenant).await.unwrap().unwrap();
    assert_eq!(first.status, ACTIVE, "a new tenant is active");
    assert_eq!(
        held.grant.tver, first.ver,
        "a token says its tenant's version"
    );
    set(&world, tenant, DISABLED).await;
    world.second.create_tenant(tenant).await.unwrap();
    let still = world.store.tenant(tenant).await.unwrap().unwrap();
    assert_eq!(
        still.status, DISABLED,
        "to make a tenant again does not make it active"
    );
    let (now, _) = set(&world, tenant, ACTIVE).await;
    assert!(now.ver > first.ver + 1, "each change is a version");
    let next = world.renew(&held).await;
    assert_eq!(
        next.grant.tver, now.ver,
        "a refresh says the version that the tenant has now"
    );
    let other = world.open(&world.user_of(tenant).await).await;
    assert_eq!(other.grant.tver, now.ver, "so does a log-in");
    if api_keys::place(&*world.store).is_some() {
        let new = api_keys::new_key(&world, &user);
        api_keys::create(&*world.store, &new).await;
        let known = api_keys::find(&*world.second, new.id).await.unwrap();
        assert_eq!(
            (known.tver, known.tenant_active),
            (now.ver, true),
            "so does a key"
        );
    }
    let listed = world.second.sessions(tenant, user.id).await.unwrap();
    assert_eq!(listed.len(), 1, "sessions that were open are");
    let now = world.record(&user).await.user;
    assert_eq!(now, user, "no user is touched");
}

/// Each change kills all access tokens of the tenant up to then, and no others.
pub async fn c69_each_status_of_a_tenant_ends_its_access_tokens(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let tenant = world.tenant().await;
    let user = world.user_of(tenant).await;
    let mut held = world.open(&user).await;
    for status in [ACTIVE, DISABLED, DISABLED, ACTIVE, ACTIVE] {
        let before = world.store.tenant(tenant).await.unwrap().unwrap();
        let (now, row) = set(&world, tenant, status).await;
        assert_eq!(
            now.ver,
            before.ver + 1,
            "a status that is set again is a change too"
        );
        let contract = "what was minted before is below the floor, and what is minted after is not";
        assert!(held.grant.tver < now.ver, "{contract}");
        let log = world.log().await;
        assert!(
            log.contains(&(row.target, row.expires_at)),
            "the floor is in the log"
        );
        if status == ACTIVE {
            held = world.renew(&held).await;
            assert_eq!(held.grant.tver, now.ver, "{contract}");
        }
    }
    let default = world.store.tenant(TenantId::DEFAULT).await.unwrap();
    let default = default.expect("the default tenant is there");
    assert_eq!(
        (default.status, default.ver),
        (ACTIVE, 1),
        "other tenants are not touched"
    );
}

/// What is not there is not changed.
pub async fn a_tenant_that_is_not_there_is_not_changed(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let tenant = world.tenant_id();
    let before = world.log().await;
    let done = world
        .store
        .set_tenant_status(tenant, DISABLED)
        .await
        .unwrap();
    assert_eq!(
        (done.value, done.revoked),
        (None, vec![]),
        "what is not there is not changed"
    );
    assert_eq!(world.second.tenant(tenant).await.unwrap(), None);
    assert_eq!(world.log().await, before, "and nothing is logged");
    world.store.create_tenant(tenant).await.unwrap();
    let made = world.second.tenant(tenant).await.unwrap();
    assert_eq!(
        made.map(|made| made.status),
        Some(ACTIVE),
        "nor is it later"
    );
}

/// Of changes at once each has a version of its own; the last one's status is
/// the tenant's.
pub async fn of_16_statuses_at_once_each_gets_a_version_of_its_own(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let tenant = world.tenant().await;
    let changed = at_once(16, |turn| {
        let store = world.handle(turn);
        let status = if turn % 3 == 0 { DISABLED } else { ACTIVE };
        async move {
            let done = store.set_tenant_status(tenant, status).await.unwrap();
            let now = done.value.expect("a tenant that is there is changed");
            assert_eq!(now.status, status, "by each call, as it says");
            now
        }
    })
    .await;
    let versions: BTreeSet<_> = changed.iter().map(|tenant| tenant.ver).collect();
    assert_eq!(
        versions,
        (2..=17).collect(),
        "each change is a version of its own"
    );
    let last = changed.into_iter().max_by_key(|tenant| tenant.ver);
    let now = world.second.tenant(tenant).await.unwrap();
    assert_eq!(now, last, "and the last one is how the tenant is");
}
