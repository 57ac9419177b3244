//! Tokens that were never given, though their MAC is right: the store has lost
//! commits. And sessions that have ended, whatever is presented.

use std::time::Duration;

use auth_store::{EndSessions, RotateOutcome, UserStatus};

use super::Subject;
use super::rotation::{is_reuse, is_revoked};
use super::tokens::Held;
use super::world::{HASH, World, holds};

/// Presents a token that the store never gave, and is not to forgive.
async fn is_conflict(world: &World, newest: &Held, generation: u32, contract: &str) {
    let stray = world.stray(&newest.grant, generation);
    let outcome = world.present(newest, &stray).await;
    let (session, revoked) = holds!(outcome, RotateOutcome::Conflict { session, revoked } => (session, revoked), contract);
    assert_eq!(
        *session, newest.grant.session,
        "a conflict shows the session as it was"
    );
    is_revoked(world, newest, newest, revoked).await;
}

/// Generation current, another secret: conflict.
pub async fn another_secret_of_the_current_generation_ends_the_session(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let (_, first) = world.logged_in().await;
    is_conflict(
        &world,
        &first,
        0,
        "two secrets of one generation are a conflict",
    )
    .await;
    let (_, first) = world.logged_in().await;
    let next = world.renew(&first).await;
    is_conflict(
        &world,
        &next,
        1,
        "two secrets of one generation are a conflict",
    )
    .await;
}

/// A generation that is yet to come: conflict.
pub async fn a_generation_from_the_future_ends_the_session(subject: &dyn Subject) {
    let world = World::new(subject).await;
    for ahead in [
        1,
        2,
        1_000,
        i32::MAX.cast_unsigned(),
        i32::MAX.cast_unsigned() + 1,
        u32::MAX - 1,
    ] {
        let (_, held) = world.logged_in().await;
        let held = world.renew(&held).await;
        is_conflict(
            &world,
            &held,
            1 + ahead,
            "a generation from the future is a conflict",
        )
        .await;
    }
}

/// One generation behind, but with a secret whose successor is not the current
/// one: reuse, even within the grace.
pub async fn another_secret_of_a_spent_generation_ends_the_session(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let (_, held) = world.logged_in().await;
    let next = world.renew(&held).await;
    let stray = Held {
        token: world.stray(&held.grant, 0),
        ..held
    };
    is_reuse(
        &world,
        &stray,
        &next,
        "only the true spent token is replayed",
    )
    .await;
}

/// However a session ended: every token is answered so, and nothing is written.
pub async fn an_ended_session_answers_ended_to_everything(subject: &dyn Subject) {
    let world = World::new(subject).await;
    for way in 0..6 {
        let (user, first) = world.logged_in().await;
        let next = world.renew(&first).await;
        match way {
            0 => assert_eq!(
                world
                    .end(user.tenant, EndSessions::One(next.grant.session.id))
                    .await,
                1
            ),
            1 => assert_eq!(
                world
                    .end(
                        user.tenant,
                        EndSessions::OneOf(user.id, next.grant.session.id)
                    )
                    .await,
                1
            ),
            2 => assert_eq!(world.end(user.tenant, EndSessions::AllOf(user.id)).await, 1),
            3 => {
                let change = World::password_change(&user, HASH, "new");
                let _ = world.store.change_password(change).await.unwrap();
            }
            4 => {
                let set = world
                    .store
                    .set_user_status(user.tenant, user.id, UserStatus::Disabled);
                let _ = set.await.unwrap();
            }
            _ => {
                let _ = world.present_within(&first, Duration::ZERO).await;
            }
        }
        let before = world.snapshot(&user).await;
        let strays = [0, 1, 2, 7].map(|generation| world.stray(&next.grant, generation));
        for token in strays.iter().chain([&first.token, &next.token]) {
            let outcome = world.present(&next, token).await;
            holds!(
                outcome,
                RotateOutcome::Ended,
                "an ended session answers so to every token"
            );
        }
        assert_eq!(
            world.snapshot(&user).await,
            before,
            "an ended session is not written again"
        );
    }
}

/// The same for a session that expired.
pub async fn an_expired_session_answers_ended_to_everything(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let (user, first) = world.logged_in().await;
    let next = world.renew(&first).await;
    subject.pass(super::world::IDLE).await;
    let before = world.snapshot(&user).await;
    let strays = [0, 1, 2, 7].map(|generation| world.stray(&next.grant, generation));
    for token in strays.iter().chain([&first.token, &next.token]) {
        let outcome = world.present(&next, token).await;
        holds!(
            outcome,
            RotateOutcome::Ended,
            "an expired session answers so to every token"
        );
    }
    assert_eq!(
        world.snapshot(&user).await,
        before,
        "an expired session is not written"
    );
}
