//! Nothing of one tenant is visible in another.

use auth_core::TenantId;
use auth_store::{
    ChangeOutcome, CreateOutcome, EndSessions, Identifier, RotateOutcome, Rotation, UserStatus,
};

use super::Subject;
use super::race::at_once;
use super::world::{HASH, World, holds};

/// The default tenant needs no making.
pub async fn the_default_tenant_is_there_from_the_beginning(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let outcome = world
        .store
        .create_user(world.new_user(TenantId::DEFAULT, "a@x.org"))
        .await
        .unwrap();
    holds!(
        outcome,
        CreateOutcome::Created(_),
        "the default tenant is there from the beginning"
    );
}

/// A tenant that was never made has no users and gets none.
pub async fn a_tenant_that_was_never_made_gets_no_users(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let tenant = world.tenant_id();
    let outcome = world
        .store
        .create_user(world.new_user(tenant, "a@x.org"))
        .await
        .unwrap();
    holds!(
        outcome,
        CreateOutcome::NoTenant,
        "a user belongs to a tenant that exists"
    );
    let identifier = Identifier::new("a@x.org").unwrap();
    assert_eq!(
        world.store.find_user(tenant, &identifier).await.unwrap(),
        None
    );
}

/// Making a tenant again, at any number of instances, changes nothing.
pub async fn a_tenant_may_be_made_again(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let tenant = world.tenant_id();
    at_once(8, |turn| {
        let store = world.handle(turn);
        async move { store.create_tenant(tenant).await.unwrap() }
    })
    .await;
    let user = world.user_of(tenant).await;
    let held = world.open(&user).await;
    world.store.create_tenant(tenant).await.unwrap();
    world.store.create_tenant(TenantId::DEFAULT).await.unwrap();
    assert_eq!(
        world.renew(&held).await.grant.tver,
        held.grant.tver,
        "making a tenant again changes nothing"
    );
}

/// The same identifier in two tenants is two users.
pub async fn one_identifier_in_two_tenants_is_two_users(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let other = world.tenant().await;
    let here = world
        .create(world.new_user(TenantId::DEFAULT, "a@x.org"))
        .await;
    let there = world.create(world.new_user(other, "a@x.org")).await;
    let identifier = Identifier::new("a@x.org").unwrap();
    for user in [here, there] {
        let found = world
            .store
            .find_user(user.tenant, &identifier)
            .await
            .unwrap();
        assert_eq!(
            found.map(|record| record.user),
            Some(user),
            "each tenant finds its own user"
        );
    }
}

/// A user of another tenant is not found, neither by name nor by id.
pub async fn a_user_of_another_tenant_is_not_found(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let other = world.tenant().await;
    let user = world
        .create(world.new_user(TenantId::DEFAULT, "a@x.org"))
        .await;
    let identifier = Identifier::new("a@x.org").unwrap();
    for tenant in [other, world.tenant_id()] {
        let by_name = world.store.find_user(tenant, &identifier).await.unwrap();
        let by_id = world.store.user(tenant, user.id).await.unwrap();
        assert_eq!(
            (by_name, by_id),
            (None, None),
            "a user is visible in its own tenant alone"
        );
    }
}

/// Another tenant changes no user.
pub async fn a_user_of_another_tenant_is_not_changed(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let other = world.tenant().await;
    let (user, held) = world.logged_in().await;
    let before = world.snapshot(&user).await;
    let contract = "a user is changed through its own tenant alone";
    let mut stranger = user.clone();
    stranger.tenant = other;
    let change = World::password_change(&stranger, HASH, "new");
    holds!(
        world.store.change_password(change).await.unwrap().value,
        ChangeOutcome::Moved,
        contract
    );
    let change = world
        .store
        .set_user_status(other, user.id, UserStatus::Disabled)
        .await;
    holds!(change.unwrap().value, ChangeOutcome::Moved, contract);
    let change = world
        .store
        .set_user_roles(other, user.id, vec!["admin".into()])
        .await;
    holds!(change.unwrap().value, ChangeOutcome::Moved, contract);
    assert_eq!(world.snapshot(&user).await, before, "{contract}");
    world.renew(&held).await;
}

/// Another tenant neither sees a session nor ends it.
pub async fn a_session_of_another_tenant_is_not_ended(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let other = world.tenant().await;
    let (user, held) = world.logged_in().await;
    let before = world.snapshot(&user).await;
    let session = held.grant.session.id;
    assert_eq!(
        world.store.sessions(other, user.id).await.unwrap(),
        [],
        "sessions are listed in their tenant alone"
    );
    for which in [
        EndSessions::One(session),
        EndSessions::OneOf(user.id, session),
        EndSessions::AllOf(user.id),
    ] {
        let ended = world.store.end_sessions(other, which).await.unwrap();
        assert_eq!(
            (ended.value, ended.revoked),
            (0, vec![]),
            "{which:?} of another tenant ends nothing"
        );
    }
    assert_eq!(
        world.snapshot(&user).await,
        before,
        "another tenant ends nothing"
    );
    world.renew(&held).await;
}

/// A token presented to another tenant is unknown there, and nothing happens
/// to it.
pub async fn a_token_is_unknown_in_another_tenant(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let other = world.tenant().await;
    let (user, held) = world.logged_in().await;
    let before = world.snapshot(&user).await;
    for tenant in [other, world.tenant_id()] {
        let rotation = Rotation {
            tenant,
            ..world.rotation(&held.grant, &held.token)
        };
        let outcome = world.store.rotate_session(&rotation).await.unwrap();
        holds!(
            outcome,
            RotateOutcome::Unknown,
            "a token is unknown in every tenant but its own"
        );
    }
    assert_eq!(
        world.snapshot(&user).await,
        before,
        "an unknown token writes nothing"
    );
    world.renew(&held).await;
}
