//! Passwords change, and every session ends with the old one.

use auth_core::TenantId;
use auth_store::{ChangeOutcome, HashRenewal, NewUser, PasswordChange, RotateOutcome, UserStatus};

use super::Subject;
use super::changes::{changed, moved};
use super::race::at_once;
use super::world::{HASH, World, holds};

/// A new password raises version and epoch: every session is dead.
pub async fn c69_a_new_password_ends_every_session(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let (user, held) = world.logged_in().await;
    let change = World::password_change(&user, HASH, "new");
    let now = changed(&user, world.store.change_password(change).await.unwrap());
    assert!(
        now.session_epoch > user.session_epoch,
        "a new password raises the session epoch"
    );
    let record = world.record(&user).await;
    assert_eq!(
        (record.user, record.password_hash.as_deref()),
        (now, Some("new")),
        "the new hash is stored"
    );
    let outcome = world.present(&held, &held.token).await;
    holds!(
        outcome,
        RotateOutcome::Ended,
        "no session outlives the password it was opened with"
    );
}

/// A password is replaced only if it still is the one that was checked.
pub async fn a_password_that_moved_is_not_replaced(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let (user, held) = world.logged_in().await;
    let before = world.snapshot(&user).await;
    let contract = "a password is replaced only if its hash is the one that was seen";
    for seen_hash in [Some("stale".to_owned()), Some(String::new()), None] {
        let change = PasswordChange {
            seen_hash,
            ..World::password_change(&user, HASH, "new")
        };
        moved(world.store.change_password(change).await.unwrap(), contract);
    }
    assert_eq!(world.snapshot(&user).await, before, "{contract}");
    world.renew(&held).await;
}

/// A hash that is renewed is the same password: whoever is logged in stays so.
pub async fn c83_a_renewed_hash_ends_nothing(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let (user, held) = world.logged_in().await;
    let before = world.record(&user).await;
    let log = world.log().await;
    let renewal = World::renewal(&user, HASH, "renewed");
    assert!(
        world.store.renew_password_hash(renewal).await.unwrap(),
        "a hash that is as it was seen is renewed"
    );
    let after = world.record(&user).await;
    assert_eq!(after.password_hash.as_deref(), Some("renewed"));
    assert_eq!(after.user, before.user, "nothing else changes");
    assert_eq!(world.log().await, log, "nothing is revoked");
    world.renew(&held).await;
}

/// A password change that came first wins over a renewal.
pub async fn c83_a_hash_that_moved_is_not_renewed(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let user = world.user().await;
    let change = World::password_change(&user, HASH, "changed");
    changed(&user, world.store.change_password(change).await.unwrap());
    let before = world.snapshot(&user).await;
    for seen_hash in [Some(HASH.to_owned()), Some(String::new()), None] {
        let renewal = HashRenewal {
            seen_hash,
            ..World::renewal(&user, HASH, "renewed")
        };
        assert!(
            !world.store.renew_password_hash(renewal).await.unwrap(),
            "a hash that moved is not renewed"
        );
    }
    let elsewhere = HashRenewal {
        tenant: world.tenant().await,
        ..World::renewal(&user, "changed", "renewed")
    };
    assert!(!world.store.renew_password_hash(elsewhere).await.unwrap());
    assert_eq!(world.snapshot(&user).await, before);
}

/// Of several password changes that saw the same hash, one is made.
pub async fn of_16_password_changes_that_saw_one_hash_one_is_made(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let user = world.user().await;
    let outcomes = at_once(16, |turn| {
        let store = world.handle(turn);
        let change = World::password_change(&user, HASH, &format!("new {turn}"));
        async move { store.change_password(change).await.unwrap().value }
    })
    .await;
    let winners: Vec<_> = (0..16)
        .filter(|turn| matches!(outcomes[*turn], ChangeOutcome::Changed(_)))
        .collect();
    assert_eq!(
        winners.len(),
        1,
        "of several changes that saw one hash, one is made"
    );
    let stored = world.record(&user).await.password_hash;
    assert_eq!(
        stored,
        Some(format!("new {}", winners[0])),
        "the hash that is stored is the winner's"
    );
}

/// A user who has no password gets a first one, if none was seen.
pub async fn a_first_password_is_set_where_there_was_none(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let new = world.new_user(TenantId::DEFAULT, "a@x.org");
    let user = world
        .create(NewUser {
            password_hash: None,
            ..new
        })
        .await;
    moved(
        world
            .store
            .change_password(World::password_change(&user, "", "new"))
            .await
            .unwrap(),
        "no password is not an empty one",
    );
    let change = PasswordChange {
        seen_hash: None,
        ..World::password_change(&user, "", "new")
    };
    changed(&user, world.store.change_password(change).await.unwrap());
    assert_eq!(
        world.record(&user).await.password_hash.as_deref(),
        Some("new")
    );
}

/// A disabled user's password stays as it is.
pub async fn a_disabled_user_cannot_change_the_password(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let user = world.user().await;
    let disable = world
        .store
        .set_user_status(user.tenant, user.id, UserStatus::Disabled);
    changed(&user, disable.await.unwrap());
    let change = world
        .store
        .change_password(World::password_change(&user, HASH, "new"))
        .await;
    moved(
        change.unwrap(),
        "a disabled user cannot change the password",
    );
    assert_eq!(
        world.record(&user).await.password_hash.as_deref(),
        Some(HASH)
    );
}
