//! A password that is reset by something other than the password depends on the
//! session epoch too.

use auth_store::{ChangeOutcome, EndSessions, PasswordChange, User, UserStatus};

use super::Subject;
use super::changes::{changed, moved};
use super::race::at_once;
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

/// The epoch is looked at together with the change.
pub async fn c86_of_a_reset_and_a_log_out_everywhere_the_later_one_counts(subject: &dyn Subject) {
    let world = World::new(subject).await;
    for _ in 0..8 {
        let user = world.user().await;
        let outcomes = at_once(2, |turn| {
            let store = world.handle(turn);
            let (tenant, id, change) = (user.tenant, user.id, reset(&user, "new"));
            async move {
                if turn == 0 {
                    let ended = store.end_sessions(tenant, EndSessions::AllOf(id)).await;
                    assert_eq!(ended.unwrap().value, 1);
                    return None;
                }
                Some(store.change_password(change).await.unwrap().value)
            }
        })
        .await;
        let is_reset = matches!(outcomes[1], Some(ChangeOutcome::Changed(_)));
        let now = world.record(&user).await;
        let steps = now.user.session_epoch - user.session_epoch;
        assert_eq!(
            (now.password_hash.as_deref() == Some("new"), steps),
            (is_reset, if is_reset { 2 } else { 1 }),
            "a reset that was refused changed nothing, one that was made is stored"
        );
    }
}
