//! What a spent refresh token is answered: within its grace, and after it.

use std::time::Duration;

use auth_store::{RotateOutcome, Rotation};

use super::Subject;
use super::rotation::{is_reuse, is_revoked, writes_nothing};
use super::world::{GRACE, HOUR, IDLE, World, holds};

/// One generation behind, within the grace: the same successor, and nothing is
/// written; the idle expiry is not extended.
pub async fn a_replay_within_the_grace_gets_the_same_successor(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let (user, held) = world.logged_in().await;
    let next = world.renew(&held).await;
    subject.pass(GRACE / 2).await;
    for turn in 0..3 {
        let rotation = Rotation {
            idle: 2 * IDLE,
            root: world.root(turn),
            ..world.rotation(&held.grant, &held.token)
        };
        let store = world.handle(turn);
        let present = async { store.rotate_session(&rotation).await.unwrap() };
        let outcome = writes_nothing(&world, &user, present).await;
        let grant = holds!(outcome, RotateOutcome::Replayed(grant) => *grant, "within the grace a spent token is replayed");
        let replayed = world.successor(&rotation, &grant);
        assert_eq!(
            replayed.token.expose(),
            next.token.expose(),
            "a replay gives the same successor, byte for byte"
        );
        let listed = world.store.sessions(user.tenant, user.id).await.unwrap();
        assert_eq!(
            listed,
            [grant.session],
            "a replay shows the session as it is stored"
        );
    }
    world.renew(&next).await;
}

/// The same command again, after its answer was lost, replays what was
/// committed.
pub async fn a_rotation_asked_again_replays_what_was_committed(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let (_, held) = world.logged_in().await;
    let rotation = world.rotation(&held.grant, &held.token);
    let first = world.store.rotate_session(&rotation).await.unwrap();
    let first = holds!(first, RotateOutcome::Rotated(grant) => *grant, "the current token rotates");
    let again = world.second.rotate_session(&rotation).await.unwrap();
    let again = holds!(again, RotateOutcome::Replayed(grant) => *grant, "the same rotation again is a replay");
    assert_eq!(
        again.session, first.session,
        "the same rotation again gives the same session"
    );
}

/// One generation behind, after the grace: reuse.
pub async fn c63_a_replay_after_the_grace_ends_the_session(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let (_, held) = world.logged_in().await;
    let next = world.renew(&held).await;
    subject.pass(GRACE).await;
    let outcome = world.present(&held, &held.token).await;
    let contract = "after the grace, a spent token is a stolen one";
    let revoked = holds!(outcome, RotateOutcome::Reused { revoked, .. } => revoked, contract);
    is_revoked(&world, &held, &next, revoked).await;
}

/// Without a grace, a token is spent once.
pub async fn without_a_grace_a_spent_token_ends_the_session(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let (_, held) = world.logged_in().await;
    let next = world.renew(&held).await;
    let outcome = world.present_within(&held, Duration::ZERO).await;
    let contract = "without a grace there are no replays";
    let revoked = holds!(outcome, RotateOutcome::Reused { revoked, .. } => revoked, contract);
    is_revoked(&world, &held, &next, revoked).await;

    let (_, held) = world.logged_in().await;
    let next = world.renew(&held).await;
    let next = world.renew(&next).await;
    let outcome = world.present_within(&held, Duration::ZERO).await;
    let contract = "without a grace no token is merely superseded";
    let revoked = holds!(outcome, RotateOutcome::Reused { revoked, .. } => revoked, contract);
    is_revoked(&world, &held, &next, revoked).await;
}

/// A longer grace than the longest is the longest.
pub async fn no_grace_is_longer_than_the_longest(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let (_, held) = world.logged_in().await;
    let next = world.renew(&held).await;
    subject.pass(GRACE).await;
    let outcome = world.present_within(&held, 24 * HOUR).await;
    let contract = "no grace is longer than the longest";
    let revoked = holds!(outcome, RotateOutcome::Reused { revoked, .. } => revoked, contract);
    is_revoked(&world, &held, &next, revoked).await;
}

/// Two generations behind, within the grace of the one it made way for:
/// refused, and nobody is logged out.
pub async fn a_token_two_generations_behind_is_superseded(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let (user, held) = world.logged_in().await;
    let next = world.renew(&held).await;
    let next = world.renew(&next).await;
    let outcome = writes_nothing(&world, &user, world.present(&held, &held.token)).await;
    holds!(
        outcome,
        RotateOutcome::Superseded,
        "a slow request of an honest client is superseded"
    );
    world.renew(&next).await;
}

/// Two generations behind, after that grace, though not after the next one's:
/// reuse.
pub async fn a_token_two_generations_behind_is_reused_after_its_own_grace(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let (_, first) = world.logged_in().await;
    let second = world.renew(&first).await;
    subject.pass(GRACE / 2).await;
    let third = world.renew(&second).await;
    subject.pass(GRACE / 2).await;
    let outcome = world.present(&second, &second.token).await;
    holds!(
        outcome,
        RotateOutcome::Replayed(_),
        "the grace of a token counts from its own rotation"
    );
    is_reuse(
        &world,
        &first,
        &third,
        "the grace of a token counts from its own rotation, not from the next",
    )
    .await;
}

/// Three generations behind is reuse, however fast they were.
pub async fn a_token_three_generations_behind_is_reused(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let (_, held) = world.logged_in().await;
    let mut next = world.renew(&held).await;
    for _ in 0..2 {
        next = world.renew(&next).await;
    }
    is_reuse(&world, &held, &next, "no grace covers three generations").await;
}

/// Order is by generation: rotations of one instant are told apart.
pub async fn c65_rotations_of_one_instant_are_told_apart(subject: &dyn Subject) {
    let world = World::new(subject).await;
    for spent in 0..2 {
        let (_, first) = world.logged_in().await;
        let second = world.renew(&first).await;
        let third = world.renew(&second).await;
        let outcome = world
            .present_within([&first, &second][spent], Duration::ZERO)
            .await;
        let contract = "a spent token is spent, even in the instant of its rotation";
        let revoked = holds!(outcome, RotateOutcome::Reused { revoked, .. } => revoked, contract);
        is_revoked(&world, &first, &third, revoked).await;
    }
}
