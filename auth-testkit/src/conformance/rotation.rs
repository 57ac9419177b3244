//! What a presented refresh token is answered: the state table, row by row.

use std::slice;
use std::time::Duration;

use auth_core::revocation::{Revocation, Target};
use auth_core::{ClientId, Timestamp};
use auth_store::{RotateOutcome, Rotation, Session, User};

use super::Subject;
use super::tokens::Held;
use super::world::{GRACE, HOUR, MINUTE, World, holds};

/// After a reuse or conflict: the session is dead and the log says so.
pub(super) async fn is_revoked(world: &World, held: &Held, newest: &Held, revoked: Revocation) {
    let tenant = held.grant.session.tenant;
    let session = held.grant.session.id;
    assert_eq!(
        revoked.target,
        Target::Session { tenant, session },
        "it is the session that is revoked"
    );
    let row = (revoked.target, revoked.expires_at);
    assert!(
        world.log().await.contains(&row),
        "the revocation that is returned is in the log"
    );
    let outcome = world.present(newest, &newest.token).await;
    holds!(
        outcome,
        RotateOutcome::Ended,
        "a revoked session rotates no more, not even its newest token"
    );
    assert_eq!(
        world
            .store
            .sessions(tenant, held.grant.session.user)
            .await
            .unwrap(),
        [],
        "nor is it listed"
    );
}

/// Presents a token that must be taken for a stolen one.
pub(super) async fn is_reuse(world: &World, held: &Held, newest: &Held, contract: &str) {
    let outcome = world.present(held, &held.token).await;
    let (session, revoked) =
        holds!(outcome, RotateOutcome::Reused { session, revoked } => (session, revoked), contract);
    // Not its times: a subject may let time pass by shifting those.
    let shown = |session: &Session| (session.id, session.generation, session.secret_hash);
    assert_eq!(
        shown(&session),
        shown(&newest.grant.session),
        "a reuse shows the session as it was"
    );
    is_revoked(world, held, newest, revoked).await;
}

pub(super) async fn writes_nothing(
    world: &World,
    user: &User,
    outcome: impl Future<Output = RotateOutcome>,
) -> RotateOutcome {
    let before = world.snapshot(user).await;
    let outcome = outcome.await;
    assert_eq!(
        world.snapshot(user).await,
        before,
        "this answer writes nothing: {outcome:?}"
    );
    outcome
}

/// Generation current, hash equal: the token is spent, its successor is
/// current, at every instance.
pub async fn the_current_token_rotates(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let (user, held) = world.logged_in().await;
    let rotation = world.rotation(&held.grant, &held.token);
    let outcome = world.store.rotate_session(&rotation).await.unwrap();
    let grant =
        holds!(outcome, RotateOutcome::Rotated(grant) => *grant, "the current token rotates");
    let expected = rotation.apply(&held.grant.session, grant.session.rotated_at);
    assert_eq!(
        grant.session, expected,
        "a rotation changes of a session what it is to change"
    );
    assert_eq!(grant.user, user, "a grant says what the user's row says");
    let listed = world.second.sessions(user.tenant, user.id).await.unwrap();
    assert_eq!(
        listed,
        slice::from_ref(&grant.session),
        "what was granted is what is stored"
    );
    let mut held = world.successor(&rotation, &grant);
    for generation in 2..6 {
        held = world.renew(&held).await;
        assert_eq!(
            held.grant.session.generation, generation,
            "each rotation is one generation"
        );
    }
}

/// `rotated_at` is when the current token was made, `prev_rotated_at` when the
/// one before it.
pub async fn a_rotation_keeps_the_times_of_two_generations(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let (_, held) = world.logged_in().await;
    let about = |from: Timestamp, to: Timestamp, time| {
        to.since(from) >= time && to.since(from) < time + MINUTE
    };
    let mut held = held;
    for _ in 0..3 {
        subject.pass(HOUR).await;
        held = world.renew(&held).await;
        let session = &held.grant.session;
        let prev = session
            .prev_rotated_at
            .expect("after a rotation there is one before");
        assert!(
            about(prev, session.rotated_at, HOUR),
            "prev_rotated_at is when the spent token was made"
        );
        assert!(
            session.rotated_at <= held.grant.now,
            "rotated_at is not later than the store's clock"
        );
        assert!(
            about(session.rotated_at, held.grant.now, Duration::ZERO),
            "rotated_at is now"
        );
    }
}

/// Another client's token is unknown: nothing is written, and it still rotates
/// for its own client.
pub async fn c67_a_token_of_another_client_is_unknown(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let (user, held) = world.logged_in().await;
    for client in ["another", "First-Party", "first-party "] {
        let rotation = Rotation {
            client: ClientId::new(client).unwrap(),
            ..world.rotation(&held.grant, &held.token)
        };
        let present = async { world.store.rotate_session(&rotation).await.unwrap() };
        let outcome = writes_nothing(&world, &user, present).await;
        holds!(
            outcome,
            RotateOutcome::Unknown,
            "a token is bound to its client"
        );
    }
    let next = world.renew(&held).await;
    subject.pass(2 * GRACE).await;
    let rotation = Rotation {
        client: ClientId::new("another").unwrap(),
        ..world.rotation(&held.grant, &held.token)
    };
    let present = async { world.store.rotate_session(&rotation).await.unwrap() };
    let outcome = writes_nothing(&world, &user, present).await;
    holds!(
        outcome,
        RotateOutcome::Unknown,
        "another client's reuse ends nothing"
    );
    world.renew(&next).await;
}

/// A session that never was is unknown.
pub async fn a_session_that_never_was_is_unknown(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let (user, held) = world.logged_in().await;
    let mut ghost = held.grant.clone();
    ghost.session.id = world.session_id();
    let rotation = world.rotation(&held.grant, &world.stray(&ghost, 0));
    let present = async { world.store.rotate_session(&rotation).await.unwrap() };
    let outcome = writes_nothing(&world, &user, present).await;
    holds!(
        outcome,
        RotateOutcome::Unknown,
        "a session that never was is unknown"
    );
}

/// A session goes on under a new root secret, and each answer names the one
/// its token is made under.
pub async fn a_session_goes_on_under_another_root_secret(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let (_, mut held) = world.logged_in().await;
    for turn in [1, 1, 0, 1] {
        let rotation = Rotation {
            root: world.root(turn),
            ..world.rotation(&held.grant, &held.token)
        };
        let outcome = world.handle(turn).rotate_session(&rotation).await.unwrap();
        let grant =
            holds!(outcome, RotateOutcome::Rotated(grant) => *grant, "the current token rotates");
        assert_eq!(
            grant.session.root,
            world.root(turn),
            "the session names the root secret of its newest token"
        );
        held = world.successor(&rotation, &grant);
    }
}
