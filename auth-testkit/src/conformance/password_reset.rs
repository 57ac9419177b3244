//! A password that is reset by something other than the password depends on the
//! session epoch too.

use auth_core::revocation::{Revocation, Target};
use auth_store::{EndSessions, PasswordChange, User, UserStatus};

use super::Subject;
use super::changes::{changed, moved};
use super::race::{a_while, both};
use super::world::{HASH, World};

fn reset(user: &User, new: &str) -> PasswordChange {
    PasswordChange {
        seen_epoch: Some(user.session_epoch),
        ..World::password_change(user, HASH, new)
    }
}

/// Whoever logged out everywhere while the new password was hashed keeps the old.
pub async fn c86_a_password_is_not_reset_at_another_epoch(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let contract = "a password is reset only if the session epoch is the one that was seen";
    let user = world.user().await;
    let before = world.snapshot(&user).await;
    for step in [-1, 1] {
        let seen_epoch = Some(user.session_epoch + step);
        let change = PasswordChange {
            seen_epoch,
            ..reset(&user, "new")
        };
        moved(world.store.change_password(change).await.unwrap(), contract);
    }
    assert_eq!(world.snapshot(&user).await, before, "{contract}");
    world.end(user.tenant, EndSessions::AllOf(user.id)).await;
    let late = world.store.change_password(reset(&user, "new")).await;
    moved(late.unwrap(), contract);

    // Disabled and active again: the hash is the same, and all else has ended.
    let user = world.user().await;
    for status in [UserStatus::Disabled, UserStatus::Active] {
        let set = world.second.set_user_status(user.tenant, user.id, status);
        let _ = set.await.unwrap();
    }
    let late = world.store.change_password(reset(&user, "new")).await;
    moved(late.unwrap(), contract);
    let record = world.record(&user).await;
    assert_eq!(record.password_hash.as_deref(), Some(HASH), "{contract}");
    let now = changed(
        &user,
        world
            .store
            .change_password(reset(&record.user, "new"))
            .await
            .unwrap(),
    );
    assert!(now.session_epoch > record.user.session_epoch);
}

/// The epoch is looked at together with the change: a reset that is made was made
/// before whatever else ended the sessions.
pub async fn c86_of_a_reset_and_a_log_out_everywhere_the_later_one_counts(subject: &dyn Subject) {
    let world = World::new(subject).await;
    for turn in 0..16 {
        let user = world.user().await;
        let (tenant, id, change) = (user.tenant, user.id, reset(&user, "new"));
        let (first, second) = (world.handle(0), world.handle(1));
        let (ended, changed) = both(
            async move {
                a_while(turn).await;
                first.end_sessions(tenant, EndSessions::AllOf(id)).await
            },
            async move { second.change_password(change).await },
        )
        .await;
        let floor = |revoked: &[Revocation]| match revoked.first().map(|row| row.target) {
            Some(Target::User { floor, .. }) => Some(floor),
            _ => None,
        };
        let ended = floor(&ended.unwrap().revoked);
        let changed = floor(&changed.unwrap().revoked);
        assert!(ended.is_some(), "a log-out everywhere needs no epoch");
        let is_reset = changed.is_some();
        assert!(
            !is_reset || changed < ended,
            "a password is not reset once the sessions have ended"
        );
        let hash = world.record(&user).await.password_hash;
        assert_eq!(
            hash.as_deref(),
            Some(if is_reset { "new" } else { HASH }),
            "a reset that is refused changes nothing, one that is made is stored"
        );
    }
}
