//! Sessions expire: when idle, and at last.

use auth_core::Timestamp;
use auth_store::{EndSessions, OpenOutcome, RotateOutcome, Rotation};

use super::Subject;
use super::tokens::Held;
use super::world::{ABSOLUTE, HOUR, IDLE, MINUTE, World, holds};

/// What is left, by the store's clock.
fn left(held: &Held, until: Timestamp) -> std::time::Duration {
    until.since(held.grant.now)
}

/// Just before the idle expiry a token rotates.
pub async fn a_session_lives_until_it_was_idle_too_long(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let (_, held) = world.logged_in().await;
    subject.pass(IDLE.saturating_sub(MINUTE)).await;
    let held = world.renew(&held).await;
    subject.pass(IDLE.saturating_sub(MINUTE)).await;
    world.renew(&held).await;
}

/// At the idle expiry it does not.
pub async fn c68_a_session_ends_when_it_was_idle_too_long(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let (_, never_used) = world.logged_in().await;
    let (_, used) = world.logged_in().await;
    let used = world.renew(&used).await;
    subject.pass(IDLE).await;
    for held in [never_used, used] {
        let outcome = world.present(&held, &held.token).await;
        holds!(
            outcome,
            RotateOutcome::Ended,
            "an idle session ends at its idle expiry"
        );
    }
}

/// However often it is used, a session ends at its absolute expiry.
pub async fn c67_a_session_ends_at_last_however_often_it_is_used(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let (_, mut held) = world.logged_in().await;
    let step = 5 * HOUR;
    for round in 1..6 {
        subject.pass(step).await;
        held = world.renew(&held).await;
        let rest = left(&held, held.grant.session.expires_at);
        let due = ABSOLUTE.saturating_sub(round * step);
        assert!(
            rest <= due && rest + MINUTE > due,
            "rotations leave the absolute expiry where it is"
        );
        assert!(
            held.grant.session.idle_expires_at <= held.grant.session.expires_at,
            "idle never exceeds absolute"
        );
    }
    subject.pass(step.saturating_sub(MINUTE)).await;
    held = world.renew(&held).await;
    subject.pass(MINUTE).await;
    let outcome = world.present(&held, &held.token).await;
    holds!(
        outcome,
        RotateOutcome::Ended,
        "a session ends at its absolute expiry, though used a minute ago"
    );
}

/// A rotation moves the idle expiry by its own idle time, never past the
/// absolute one.
pub async fn a_rotation_extends_the_idle_expiry_up_to_the_absolute_one(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let (_, held) = world.logged_in().await;
    let absolute = held.grant.session.expires_at;
    let mut held = held;
    for (idle, due) in [
        (HOUR, HOUR),
        (2 * IDLE, 2 * IDLE),
        (MINUTE, MINUTE),
        (2 * ABSOLUTE, ABSOLUTE),
    ] {
        let rotation = Rotation {
            idle,
            ..world.rotation(&held.grant, &held.token)
        };
        let outcome = world.store.rotate_session(&rotation).await.unwrap();
        let grant =
            holds!(outcome, RotateOutcome::Rotated(grant) => *grant, "the current token rotates");
        held = world.successor(&rotation, &grant);
        let rest = left(&held, held.grant.session.idle_expires_at);
        assert!(
            rest <= due && rest + MINUTE > due,
            "a rotation sets the idle expiry anew"
        );
        assert_eq!(
            held.grant.session.expires_at, absolute,
            "a rotation leaves the absolute expiry where it is"
        );
    }
}

/// A session that was opened with an idle time beyond its lifetime still ends
/// at its absolute expiry.
pub async fn an_idle_time_beyond_the_lifetime_does_not_lengthen_it(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let user = world.user().await;
    let (mut session, secret) = world.new_session(&user, world.seen(&user).await);
    (session.idle, session.absolute) = (3 * HOUR, HOUR);
    let outcome = world.store.open_session(session).await.unwrap();
    let grant =
        holds!(outcome, OpenOutcome::Opened(grant) => *grant, "a session opens for a user as seen");
    let held = Held {
        token: world.token(&grant, 0, &secret),
        grant,
    };
    subject.pass(HOUR).await;
    assert_eq!(
        world.store.sessions(user.tenant, user.id).await.unwrap(),
        [],
        "an expired session is not listed"
    );
    let outcome = world.present(&held, &held.token).await;
    holds!(
        outcome,
        RotateOutcome::Ended,
        "a session ends at its absolute expiry"
    );
}

/// The last access token of a session can outlive it by minutes: ending an
/// expired session still kills it.
pub async fn ending_an_expired_session_still_kills_its_access_tokens(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let (user, held) = world.logged_in().await;
    subject.pass(IDLE).await;
    let session = held.grant.session.id;
    let ended = world
        .store
        .end_sessions(user.tenant, EndSessions::One(session))
        .await
        .unwrap();
    let expected = auth_core::revocation::Target::Session {
        tenant: user.tenant,
        session,
    };
    let targets: Vec<_> = ended.revoked.iter().map(|row| row.target).collect();
    assert_eq!(
        targets,
        [expected],
        "ending an expired session still revokes its last access token"
    );
    assert!(
        world
            .log()
            .await
            .iter()
            .any(|(target, _)| *target == expected),
        "and the log says so"
    );
}
