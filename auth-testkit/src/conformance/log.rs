//! The revocation log: nothing that was revoked is missing from it.

use std::time::Duration;

use auth_core::revocation::{Cursor, Revocation, Target};
use auth_store::{EndSessions, RotateOutcome, UserStatus};

use super::Subject;
use super::world::{HASH, World, holds};

/// Revokes in every way there is; what the store said it revoked.
pub(super) async fn revoke_in_every_way(world: &World) -> Vec<Revocation> {
    let mut revoked = Vec::new();
    let (user, held) = world.logged_in().await;
    let tenant = user.tenant;
    revoked.extend(
        world
            .store
            .end_sessions(tenant, EndSessions::One(held.grant.session.id))
            .await
            .unwrap()
            .revoked,
    );
    let held = world.open(&user).await;
    let which = EndSessions::OneOf(user.id, held.grant.session.id);
    revoked.extend(
        world
            .store
            .end_sessions(tenant, which)
            .await
            .unwrap()
            .revoked,
    );
    let held = world.open(&user).await;
    world.renew(&held).await;
    let outcome = world.present_within(&held, Duration::ZERO).await;
    revoked.push(holds!(outcome, RotateOutcome::Reused { revoked, .. } => revoked, "a spent token is reused"));
    let held = world.open(&user).await;
    let outcome = world.present(&held, &world.stray(&held.grant, 3)).await;
    revoked.push(holds!(outcome, RotateOutcome::Conflict { revoked, .. } => revoked, "a future token is a conflict"));
    revoked.extend(
        world
            .store
            .set_user_roles(tenant, user.id, vec!["new".into()])
            .await
            .unwrap()
            .revoked,
    );
    revoked.extend(
        world
            .store
            .end_sessions(tenant, EndSessions::AllOf(user.id))
            .await
            .unwrap()
            .revoked,
    );
    let change = World::password_change(&user, HASH, "new");
    revoked.extend(world.store.change_password(change).await.unwrap().revoked);
    for status in [UserStatus::Disabled, UserStatus::Active] {
        revoked.extend(
            world
                .store
                .set_user_status(tenant, user.id, status)
                .await
                .unwrap()
                .revoked,
        );
    }
    assert_eq!(revoked.len(), 9, "every way to revoke returns its row");
    revoked
}

/// All of `expected` is in `rows`, each with an expiry that is not earlier; of
/// floors, any that is not lower will do.
pub(super) fn has_all(rows: &[Revocation], expected: &[Revocation], contract: &str) {
    for want in expected {
        let found = rows.iter().any(|row| {
            let same = match (row.target, want.target) {
                (
                    Target::User {
                        tenant,
                        user,
                        floor,
                    },
                    Target::User {
                        tenant: its_tenant,
                        user: its_user,
                        floor: its_floor,
                    },
                ) => (tenant, user) == (its_tenant, its_user) && floor >= its_floor,
                (one, other) => one == other,
            };
            same && row.expires_at >= want.expires_at
        });
        assert!(found, "{contract}: {want:?} is missing");
    }
}

/// Whatever was revoked is in the log from the return on.
pub async fn everything_that_is_revoked_is_in_the_log(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let revoked = revoke_in_every_way(&world).await;
    for store in [&world.store, &world.second] {
        let page = store.read_log(&Cursor::start()).await.unwrap();
        has_all(
            &page.rows,
            &revoked,
            "whatever was revoked is in the log from the return on",
        );
    }
}

/// A cursor gives what was revoked since, and no more.
pub async fn a_cursor_gives_what_is_new(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let empty = world.page(&Cursor::start()).await;
    assert_eq!(empty.rows, [], "a fresh store's log is empty");
    let first = revoke_in_every_way(&world).await;
    let page = world.page(&empty.next).await;
    has_all(&page.rows, &first, "a cursor gives what was revoked since");
    let after = world.page(&page.next).await;
    assert_eq!(
        after.rows,
        [],
        "a cursor gives nothing twice when nobody writes"
    );
    let second = revoke_in_every_way(&world).await;
    for cursor in [&page.next, &after.next] {
        let page = world.store.read_log(cursor).await.unwrap();
        has_all(&page.rows, &second, "a cursor gives what was revoked since");
        for old in &first {
            assert!(
                !page.rows.iter().any(|row| row.target == old.target),
                "a cursor gives only what is new"
            );
        }
    }
    let again = world.store.read_log(&empty.next).await.unwrap();
    has_all(
        &again.rows,
        &[first, second].concat(),
        "an old cursor can be read from again",
    );
}
