//! Users change, and what they had before dies with the change.

use auth_core::revocation::Target;
use auth_store::{
    ChangeOutcome, Committed, OpenOutcome, PasswordChange, RotateOutcome, User, UserStatus,
};

use super::Subject;
use super::race::at_once;
use super::world::{HASH, World, holds};

/// Takes a change apart; it must have raised the user version and say so in
/// its one revocation.
pub(super) fn changed(before: &User, change: Committed<ChangeOutcome>) -> User {
    let user = holds!(change.value, ChangeOutcome::Changed(user) => user, "the change is made");
    assert!(user.ver > before.ver, "a change raises the user version");
    let floor = Target::User {
        tenant: user.tenant,
        user: user.id,
        floor: user.ver,
    };
    let targets: Vec<_> = change.revoked.iter().map(|row| row.target).collect();
    assert_eq!(
        targets,
        [floor],
        "a change revokes the access tokens below the new version, and says so"
    );
    user
}

/// Takes apart a change that must not have been made.
pub(super) fn moved(change: Committed<ChangeOutcome>, contract: &str) {
    holds!(change.value, ChangeOutcome::Moved, contract);
    assert_eq!(change.revoked, [], "what was not changed revokes nothing");
}

/// New roles raise the version alone; the session goes on, and its next access
/// token has the new roles.
pub async fn new_roles_reach_the_next_token_of_a_session_that_lives_on(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let (user, held) = world.logged_in().await;
    let roles = vec!["admin".to_owned(), "reader".to_owned()];
    let change = world
        .store
        .set_user_roles(user.tenant, user.id, roles.clone())
        .await
        .unwrap();
    let now = changed(&user, change);
    assert_eq!(
        now.session_epoch, user.session_epoch,
        "new roles end no session"
    );
    assert_eq!(now.roles, roles, "the roles are those that were set");
    let next = world.renew(&held).await;
    assert_eq!(
        next.grant.user, now,
        "a rotation gives the roles and version of this moment, not of the log-in"
    );
    let replay = world.present(&held, &held.token).await;
    let replay =
        holds!(replay, RotateOutcome::Replayed(grant) => *grant, "a spent token is replayed");
    assert_eq!(
        replay.user, now,
        "a replay gives the roles and version of this moment"
    );
}

/// Disabling ends every session; enabling again revives none.
pub async fn c69_a_disabled_user_loses_every_session_for_good(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let (user, held) = world.logged_in().await;
    let disable = world
        .store
        .set_user_status(user.tenant, user.id, UserStatus::Disabled);
    let disabled = changed(&user, disable.await.unwrap());
    assert_eq!(disabled.status, UserStatus::Disabled);
    assert!(
        disabled.session_epoch > user.session_epoch,
        "disabling raises the session epoch"
    );
    assert_eq!(
        world.record(&user).await.user,
        disabled,
        "a disabled user is still found"
    );
    let outcome = world.present(&held, &held.token).await;
    holds!(
        outcome,
        RotateOutcome::Ended,
        "a disabled user refreshes nothing"
    );
    let (session, _) = world.new_session(&user, world.seen(&user).await);
    let outcome = world.store.open_session(session).await.unwrap();
    holds!(
        outcome,
        OpenOutcome::Moved,
        "a disabled user opens no session"
    );

    let enable = world
        .store
        .set_user_status(user.tenant, user.id, UserStatus::Active);
    changed(&disabled, enable.await.unwrap());
    let outcome = world.present(&held, &held.token).await;
    holds!(
        outcome,
        RotateOutcome::Ended,
        "enabling a user revives no session"
    );
    let anew = world.open(&user).await;
    world.renew(&anew).await;
}

/// Whoever asks again after a lost answer gets a floor that covers the first.
pub async fn a_status_that_is_set_again_stays(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let (user, held) = world.logged_in().await;
    for _ in 0..2 {
        let set = world
            .store
            .set_user_status(user.tenant, user.id, UserStatus::Disabled)
            .await
            .unwrap();
        let now = holds!(set.value, ChangeOutcome::Changed(user) => user, "setting a status again is no error");
        assert_eq!(now.status, UserStatus::Disabled);
    }
    let outcome = world.present(&held, &held.token).await;
    holds!(
        outcome,
        RotateOutcome::Ended,
        "a disabled user refreshes nothing"
    );
}

/// A user who is not there is not changed.
pub async fn a_user_who_is_not_there_is_not_changed(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let mut ghost = world.user().await;
    ghost.id = world.user_id();
    let contract = "a user who is not there is not changed";
    moved(
        world
            .store
            .change_password(World::password_change(&ghost, HASH, "new"))
            .await
            .unwrap(),
        contract,
    );
    let change = PasswordChange {
        seen_hash: None,
        ..World::password_change(&ghost, HASH, "new")
    };
    moved(world.store.change_password(change).await.unwrap(), contract);
    let set = world
        .store
        .set_user_status(ghost.tenant, ghost.id, UserStatus::Disabled)
        .await;
    moved(set.unwrap(), contract);
    moved(
        world
            .store
            .set_user_roles(ghost.tenant, ghost.id, vec![])
            .await
            .unwrap(),
        contract,
    );
    assert_eq!(
        world.store.user(ghost.tenant, ghost.id).await.unwrap(),
        None,
        "{contract}"
    );
}

/// Simultaneous changes each get a version of their own: none is lost.
pub async fn of_16_changes_at_once_each_gets_a_version_of_its_own(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let user = world.user().await;
    let mut versions = at_once(16, |turn| {
        let (store, user) = (world.handle(turn), user.clone());
        async move {
            let set = store
                .set_user_roles(user.tenant, user.id, vec![format!("role {turn}")])
                .await;
            changed(&user, set.unwrap()).ver
        }
    })
    .await;
    versions.sort_unstable();
    versions.dedup();
    assert_eq!(
        versions.len(),
        16,
        "every change raises the version once more"
    );
    let last = world.record(&user).await.user.ver;
    assert_eq!(
        Some(&last),
        versions.last(),
        "the user's version is the last that was given"
    );
}
