//! Dropped changes of users.

use auth_core::TenantId;
use auth_core::revocation::Target;
use auth_store::{CreateOutcome, Identifier, NewUser, RotateOutcome, UserStatus};

use super::Subject;
use super::dropped::{ROUNDS, dropped, works};
use super::world::{HASH, World, holds};

/// A dropped sign-up made the user or did not.
pub async fn a_dropped_sign_up_is_made_or_not(subject: &dyn Subject) {
    let world = World::new(subject).await;
    for round in 0..ROUNDS {
        let name = format!("{round}@x.org");
        let first = world.new_user(TenantId::DEFAULT, &name);
        dropped(round, world.handle(round / 2).create_user(first.clone())).await;
        let second = NewUser {
            id: world.user_id(),
            ..first.clone()
        };
        let there = match world.store.create_user(second.clone()).await.unwrap() {
            CreateOutcome::Created(_) => second.id,
            CreateOutcome::Taken => first.id,
            other => panic!("a sign-up creates or finds the identifier taken, not {other:?}"),
        };
        let found = world
            .second
            .find_user(TenantId::DEFAULT, &Identifier::new(&name).unwrap())
            .await
            .unwrap();
        let found = found.map(|record| record.user.id);
        assert_eq!(
            found,
            Some(there),
            "an identifier is taken by a user who is there, or free"
        );
    }
    works(&world).await;
}

/// A dropped password change was made or not: versions and hash move together.
pub async fn a_dropped_password_change_is_made_or_not(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let user = world.user().await;
    let mut seen = HASH.to_owned();
    for round in 0..ROUNDS {
        let held = world.open(&user).await;
        let new = format!("new {round}");
        let change = World::password_change(&user, &seen, &new);
        dropped(
            round,
            world.handle(round / 2).change_password(change.clone()),
        )
        .await;
        let _ = world.handle(round).change_password(change).await.unwrap();
        let record = world.record(&user).await;
        assert_eq!(
            record.password_hash.as_ref(),
            Some(&new),
            "a change that is asked for again is made"
        );
        let expected = held.grant.user.ver + 1;
        assert_eq!(
            record.user.ver, expected,
            "of two equal changes one is made, and raises the version once"
        );
        let outcome = world.present(&held, &held.token).await;
        holds!(
            outcome,
            RotateOutcome::Ended,
            "no session outlives the password it was opened with"
        );
        seen = new;
    }
    works(&world).await;
}

/// Dropped changes of roles and status are whole.
pub async fn a_dropped_change_of_a_user_is_made_or_not(subject: &dyn Subject) {
    let world = World::new(subject).await;
    for round in 0..ROUNDS {
        let (user, held) = world.logged_in().await;
        let store = world.handle(round / 2);
        let roles = vec!["new".to_owned()];
        dropped(
            round,
            store.set_user_roles(user.tenant, user.id, roles.clone()),
        )
        .await;
        let now = world.record(&user).await.user;
        assert_eq!(
            now.ver > user.ver,
            now.roles == roles,
            "roles and version move together"
        );
        dropped(
            round,
            store.set_user_status(user.tenant, user.id, UserStatus::Disabled),
        )
        .await;
        let is_over = matches!(
            world.present(&held, &held.token).await,
            RotateOutcome::Ended
        );
        let now = world.record(&user).await.user;
        assert!(
            !is_over || now.status == UserStatus::Disabled,
            "status and epoch move together"
        );
        let _ = world
            .store
            .set_user_status(user.tenant, user.id, UserStatus::Disabled)
            .await
            .unwrap();
        let floor = world.record(&user).await.user.ver;
        let target = Target::User {
            tenant: user.tenant,
            user: user.id,
            floor,
        };
        assert!(
            world.log().await.iter().any(|(row, _)| *row == target),
            "a version that is dead is in the log"
        );
    }
    works(&world).await;
}
