//! Sessions are ended.

use auth_core::revocation::Target;
use auth_store::{EndSessions, RotateOutcome};

use super::Subject;
use super::race::at_once;
use super::world::{World, holds};

/// Ending one session spares the others.
pub async fn ending_one_session_spares_the_others(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let (user, spared) = world.logged_in().await;
    for of_user in [false, true] {
        let held = world.open(&user).await;
        let session = held.grant.session.id;
        let which = if of_user {
            EndSessions::OneOf(user.id, session)
        } else {
            EndSessions::One(session)
        };
        let ended = world.store.end_sessions(user.tenant, which).await.unwrap();
        assert_eq!(ended.value, 1, "{which:?} ends one session");
        let targets: Vec<_> = ended.revoked.iter().map(|row| row.target).collect();
        assert_eq!(
            targets,
            [Target::Session {
                tenant: user.tenant,
                session
            }],
            "its access tokens are dead"
        );
        let outcome = world.present(&held, &held.token).await;
        holds!(
            outcome,
            RotateOutcome::Ended,
            "an ended session rotates no more"
        );
    }
    assert_eq!(
        world.record(&user).await.user,
        user,
        "ending one session leaves the user's versions alone"
    );
    world.renew(&spared).await;
}

/// A user ends sessions of their own alone.
pub async fn a_session_of_another_user_is_not_ended(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let (user, held) = world.logged_in().await;
    let stranger = world.user().await;
    let before = world.snapshot(&user).await;
    for other in [stranger.id, world.user_id()] {
        let which = EndSessions::OneOf(other, held.grant.session.id);
        let ended = world.store.end_sessions(user.tenant, which).await.unwrap();
        assert_eq!(
            (ended.value, ended.revoked),
            (0, vec![]),
            "a user ends sessions of their own alone"
        );
    }
    assert_eq!(
        world.snapshot(&user).await,
        before,
        "another user's session is untouched"
    );
    world.renew(&held).await;
}

/// A log-out everywhere kills every session and access token by one row.
pub async fn c70_a_log_out_everywhere_kills_every_session_by_one_row(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let (_, neighbour) = world.logged_in().await;
    let user = world.user().await;
    let mut sessions = Vec::new();
    for _ in 0..5 {
        let held = world.open(&user).await;
        sessions.push(world.renew(&held).await);
    }
    let ended = world
        .store
        .end_sessions(user.tenant, EndSessions::AllOf(user.id))
        .await
        .unwrap();
    assert_eq!(ended.value, 1, "a log-out everywhere counts the user");
    let now = world.record(&user).await.user;
    assert!(
        now.ver > user.ver && now.session_epoch > user.session_epoch,
        "it raises version and epoch"
    );
    let targets: Vec<_> = ended.revoked.iter().map(|row| row.target).collect();
    let floor = Target::User {
        tenant: user.tenant,
        user: user.id,
        floor: now.ver,
    };
    assert_eq!(
        targets,
        [floor],
        "it writes one row, whose floor is the new version"
    );
    for held in &sessions {
        let outcome = world.present(held, &held.token).await;
        holds!(
            outcome,
            RotateOutcome::Ended,
            "after a log-out everywhere no session rotates"
        );
    }
    world.renew(&neighbour).await;
    let anew = world.open(&user).await;
    world.renew(&anew).await;
}

/// What has ended is not ended again.
pub async fn a_session_ends_once(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let (user, held) = world.logged_in().await;
    let session = held.grant.session.id;
    assert_eq!(world.end(user.tenant, EndSessions::One(session)).await, 1);
    let before = world.log().await;
    for which in [
        EndSessions::One(session),
        EndSessions::OneOf(user.id, session),
    ] {
        assert_eq!(
            world.end(user.tenant, which).await,
            0,
            "what has ended is not ended again"
        );
    }
    let targets = |log: std::collections::HashSet<(Target, _)>| {
        log.into_iter().map(|(t, _)| t).collect::<Vec<_>>()
    };
    assert_eq!(
        targets(world.log().await),
        targets(before),
        "what has ended stays in the log"
    );
}

/// Of simultaneous log-outs of one session, one ends it.
pub async fn of_8_log_outs_of_one_session_one_ends_it(subject: &dyn Subject) {
    let world = World::new(subject).await;
    for _ in 0..8 {
        let (user, held) = world.logged_in().await;
        let ended = at_once(8, |turn| {
            let (store, which) = (world.handle(turn), EndSessions::One(held.grant.session.id));
            async move { store.end_sessions(user.tenant, which).await.unwrap().value }
        })
        .await;
        assert_eq!(
            ended.iter().sum::<u64>(),
            1,
            "of several log-outs of one session, one ends it"
        );
    }
}

/// Each log-out everywhere raises the floor, though nobody was logged in.
pub async fn each_log_out_everywhere_raises_the_floor(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let user = world.user().await;
    let mut versions = at_once(8, |turn| {
        let store = world.handle(turn);
        async move {
            let ended = store.end_sessions(user.tenant, EndSessions::AllOf(user.id)).await.unwrap();
            assert_eq!(ended.value, 1, "a log-out everywhere counts the user");
            holds!(ended.revoked[0].target, Target::User { floor, .. } => floor, "it returns the user's floor")
        }
    })
    .await;
    versions.sort_unstable();
    versions.dedup();
    assert_eq!(
        versions.len(),
        8,
        "each log-out everywhere raises the floor once more"
    );
}

/// Ending what is not there ends nothing.
pub async fn what_is_not_there_is_not_ended(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let user = world.user().await;
    let (session, stranger) = (world.session_id(), world.user_id());
    for which in [
        EndSessions::One(session),
        EndSessions::OneOf(user.id, session),
        EndSessions::AllOf(stranger),
    ] {
        let ended = world.store.end_sessions(user.tenant, which).await.unwrap();
        assert_eq!(
            (ended.value, ended.revoked),
            (0, vec![]),
            "{which:?} is not there and is not ended"
        );
    }
    assert_eq!(
        world.store.sessions(user.tenant, stranger).await.unwrap(),
        [],
        "nobody has no sessions"
    );
}
