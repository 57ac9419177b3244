//! Sessions open against the user's row, and are listed.

use auth_core::TenantId;
use auth_store::{EndSessions, NewUser, OpenOutcome, RotateOutcome, Seen, Session};

use super::Subject;
use super::tokens::Held;
use super::world::{ABSOLUTE, HOUR, IDLE, MINUTE, World, holds};

/// A session opens for a user who is as seen, and is what was asked for.
pub async fn a_session_opens_when_the_user_is_as_seen(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let user = world.user().await;
    let (new, _) = world.new_session(&user, world.seen(&user).await);
    let outcome = world.store.open_session(new.clone()).await.unwrap();
    let grant = holds!(outcome, OpenOutcome::Opened(grant) => *grant, "a session opens when the user is as seen");
    assert_eq!(grant.user, user, "a grant says what the user's row says");
    let (session, now) = (grant.session, grant.now);
    let expected = Session {
        id: new.id,
        tenant: new.tenant,
        user: new.user,
        client: new.client,
        scope: new.scope,
        amr: new.amr,
        device: new.device,
        generation: 0,
        root: new.root,
        secret_hash: new.secret_hash,
        prev_rotated_at: None,
        ..session.clone()
    };
    assert_eq!(
        session, expected,
        "a session is what was asked for, at generation 0"
    );
    for time in [session.auth_time, session.rotated_at] {
        assert!(
            time <= now && now.since(time) < MINUTE,
            "a session opens at the store's time"
        );
    }
    for (ends, after) in [
        (session.idle_expires_at, IDLE),
        (session.expires_at, ABSOLUTE),
    ] {
        assert!(
            ends <= now + after && ends + MINUTE > now + after,
            "lifetimes count from the opening"
        );
    }
    let listed = world.second.sessions(user.tenant, user.id).await.unwrap();
    assert_eq!(
        listed,
        [session],
        "an open session is listed as it was given"
    );
}

/// A user who is known without a password (a platform account) can log in.
pub async fn a_session_opens_for_a_user_without_a_password(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let new = world.new_user(TenantId::DEFAULT, "a@x.org");
    let user = world
        .create(NewUser {
            password_hash: None,
            ..new
        })
        .await;
    let held = world.open(&user).await;
    world.renew(&held).await;
    let seen = Seen {
        password_hash: Some(String::new()),
        ..world.seen(&user).await
    };
    let (session, _) = world.new_session(&user, seen);
    let outcome = world.store.open_session(session).await.unwrap();
    holds!(
        outcome,
        OpenOutcome::Moved,
        "no password is not an empty one"
    );
}

/// A session id that is in use never becomes another session.
pub async fn a_session_id_in_use_is_not_given_again(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let (_, held) = world.logged_in().await;
    let thief = world.user().await;
    let (mut session, _) = world.new_session(&thief, world.seen(&thief).await);
    session.id = held.grant.session.id;
    let outcome = world.second.open_session(session).await;
    assert!(
        !matches!(outcome, Ok(OpenOutcome::Opened(_))),
        "an id is one session's: {outcome:?}"
    );
    let next = world.renew(&held).await;
    assert_eq!(
        next.grant.session.user, held.grant.session.user,
        "the first session is untouched"
    );
}

/// The sessions of a user live side by side.
pub async fn the_sessions_of_a_user_are_independent(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let (user, first) = world.logged_in().await;
    let second = world.open(&user).await;
    let after = world.renew(&first).await;
    assert_eq!(
        world
            .end(user.tenant, EndSessions::One(second.grant.session.id))
            .await,
        1
    );
    world.renew(&after).await;
    let outcome = world.present(&second, &second.token).await;
    holds!(
        outcome,
        RotateOutcome::Ended,
        "an ended session rotates no more"
    );
}

/// A user's list has the live sessions, newest first, and nobody else's.
pub async fn c70_the_list_has_the_live_sessions_newest_first(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let (_, _) = world.logged_in().await;
    let (user, idle) = world.logged_in().await;
    subject.pass(HOUR).await;
    let first = world.open(&user).await;
    subject.pass(HOUR).await;
    let ended = world.open(&user).await;
    subject.pass(HOUR).await;
    let last = world.open(&user).await;
    let listed = async || {
        let sessions = world.second.sessions(user.tenant, user.id).await.unwrap();
        sessions
            .into_iter()
            .map(|session| session.id)
            .collect::<Vec<_>>()
    };
    let id = |held: &Held| held.grant.session.id;
    assert_eq!(
        listed().await,
        [&last, &ended, &first, &idle].map(id),
        "sessions are listed newest first"
    );

    world.end(user.tenant, EndSessions::One(id(&ended))).await;
    let first = world.renew(&first).await;
    assert_eq!(
        listed().await,
        [&last, &first, &idle].map(id),
        "an ended session is not listed"
    );
    subject.pass(IDLE.saturating_sub(3 * HOUR)).await;
    assert_eq!(
        listed().await,
        [&last, &first].map(id),
        "an expired session is not listed"
    );
    world.end(user.tenant, EndSessions::AllOf(user.id)).await;
    assert_eq!(
        listed().await,
        [],
        "sessions that a log-out everywhere ended are not listed"
    );
}
