//! A log-in that the world overtook while it hashed opens nothing.

use auth_store::{OpenOutcome, Seen, User};

use super::Subject;
use super::world::{HASH, World, holds};

/// Tries to open a session for `seen`, which the user's row does not say.
async fn stays_shut(world: &World, user: &User, seen: Seen, contract: &str) {
    let (session, _) = world.new_session(user, seen);
    let outcome = world.store.open_session(session).await.unwrap();
    holds!(outcome, OpenOutcome::Moved, contract);
    assert_eq!(
        world.second.sessions(user.tenant, user.id).await.unwrap(),
        [],
        "{contract}"
    );
}

/// Roles changed while the password was hashed: the log-in starts over.
pub async fn a_session_does_not_open_for_a_stale_version(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let user = world.user().await;
    let seen = world.seen(&user).await;
    let _ = world
        .store
        .set_user_roles(user.tenant, user.id, vec!["none".into()])
        .await
        .unwrap();
    stays_shut(
        &world,
        &user,
        seen.clone(),
        "a session opens for the user version that was seen",
    )
    .await;
    let ahead = Seen {
        ver: seen.ver + 2,
        ..seen
    };
    stays_shut(
        &world,
        &user,
        ahead,
        "a session opens for the user version that was seen",
    )
    .await;
}

/// A log-out everywhere while the password was hashed holds.
pub async fn a_session_does_not_open_for_a_stale_epoch(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let user = world.user().await;
    for step in [-1, 1] {
        let mut seen = world.seen(&user).await;
        seen.session_epoch += step;
        stays_shut(
            &world,
            &user,
            seen,
            "a session opens for the session epoch that was seen",
        )
        .await;
    }
}

/// A hash that is not the user's opens nothing.
pub async fn a_session_does_not_open_for_another_hash(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let user = world.user().await;
    for password_hash in [
        Some("another".to_owned()),
        Some(HASH.to_uppercase()),
        Some(format!("{HASH} ")),
        None,
    ] {
        let seen = Seen {
            password_hash,
            ..world.seen(&user).await
        };
        stays_shut(
            &world,
            &user,
            seen,
            "a session opens for the password hash that was checked",
        )
        .await;
    }
}

/// A user who is not there, or is another tenant's, opens nothing.
pub async fn a_session_does_not_open_for_nobody(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let user = world.user().await;
    let seen = world.seen(&user).await;
    let ghost = User {
        id: world.user_id(),
        ..user.clone()
    };
    stays_shut(&world, &ghost, seen.clone(), "a session is a user's").await;
    let elsewhere = User {
        tenant: world.tenant().await,
        ..user
    };
    stays_shut(
        &world,
        &elsewhere,
        seen,
        "a session is opened in the user's tenant",
    )
    .await;
}

/// The password changed while its hash was checked: no session is left.
pub async fn a_log_in_that_a_password_change_overtook_opens_nothing(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let user = world.user().await;
    let (session, _) = world.new_session(&user, world.seen(&user).await);
    let change = World::password_change(&user, HASH, "new");
    let _ = world.second.change_password(change).await.unwrap();
    let outcome = world.store.open_session(session).await.unwrap();
    let contract =
        "a session opened after the password changed would be a stolen account that survives";
    holds!(outcome, OpenOutcome::Moved, contract);
    assert_eq!(
        world.second.sessions(user.tenant, user.id).await.unwrap(),
        [],
        "{contract}"
    );
}
