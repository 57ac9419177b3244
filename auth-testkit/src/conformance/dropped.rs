//! A caller that gives up drops its future wherever it stands: the change is
//! made or not made, and no other call notices.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use auth_core::revocation::{Cursor, Target};
use auth_store::{EndSessions, Identifier, RotateOutcome};

use super::Subject;
use super::keys::key;
use super::world::{HOUR, World, holds};

pub(super) const ROUNDS: usize = 50;

/// Polls `call` once, or for a moment, and drops it.
pub(super) async fn dropped(round: usize, call: impl Future) {
    let mut call = pin!(call);
    if round.is_multiple_of(2) {
        poll_fn(|cx| {
            let _ = call.as_mut().poll(cx);
            Poll::Ready(())
        })
        .await;
    } else {
        let moment = Duration::from_micros(50 * round as u64);
        tokio::time::timeout(moment, call).await.ok();
    }
}

/// Everything works, on both handles.
pub(super) async fn works(world: &World) {
    for turn in 0..20 {
        let user = world.user().await;
        let mut held = world.open(&user).await;
        for _ in 0..2 {
            let rotation = world.rotation(&held.grant, &held.token);
            let outcome = world.handle(turn).rotate_session(&rotation).await.unwrap();
            let contract = "the store works on after futures were dropped";
            let grant = holds!(outcome, RotateOutcome::Rotated(grant) => grant, contract);
            held = world.successor(&rotation, &grant);
        }
        assert_eq!(
            world
                .end(user.tenant, EndSessions::One(held.grant.session.id))
                .await,
            1
        );
    }
}

/// A dropped log-in opened the session or did not; a log-out everywhere covers
/// it either way.
pub async fn a_dropped_log_in_is_made_or_not(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let user = world.user().await;
    for round in 0..ROUNDS {
        let (session, secret) = world.new_session(&user, world.seen(&user).await);
        dropped(round, world.handle(round / 2).open_session(session.clone())).await;
        let listed = world.second.sessions(user.tenant, user.id).await.unwrap();
        assert!(
            listed.len() <= 1,
            "a dropped log-in opens one session or none"
        );
        let mut held = world.open(&user).await;
        assert_eq!(world.end(user.tenant, EndSessions::AllOf(user.id)).await, 1);
        held.grant.session.id = session.id;
        let outcome = world
            .present(&held, &world.token(&held.grant, 0, &secret))
            .await;
        let contract = "a log-out everywhere covers a log-in that nobody waited for";
        holds!(
            outcome,
            RotateOutcome::Ended | RotateOutcome::Unknown,
            contract
        );
    }
    // Whatever goes on in the background.
    tokio::time::sleep(Duration::from_millis(100)).await;
    let listed = world.second.sessions(user.tenant, user.id).await.unwrap();
    assert_eq!(
        listed,
        [],
        "a log-in that nobody waited for opens nothing after a log-out everywhere"
    );
    works(&world).await;
}

/// A dropped rotation spent the token or did not; presenting it again gives
/// its one successor either way.
pub async fn a_dropped_rotation_is_made_or_not(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let (_, mut held) = world.logged_in().await;
    for round in 0..ROUNDS {
        let rotation = world.rotation(&held.grant, &held.token);
        dropped(round, world.handle(round / 2).rotate_session(&rotation)).await;
        let again = world.rotation(&held.grant, &held.token);
        let outcome = world.handle(round).rotate_session(&again).await.unwrap();
        let contract = "a token whose rotation nobody waited for rotates or is replayed";
        let grant = holds!(outcome, RotateOutcome::Rotated(grant) | RotateOutcome::Replayed(grant) => grant, contract);
        held = world.successor(&again, &grant);
        let made = held.grant.session.generation;
        assert_eq!(
            made as usize,
            round + 1,
            "a rotation that nobody waited for makes one generation at most"
        );
    }
    works(&world).await;
}

/// A dropped log-out ended the session or did not, log row and all.
pub async fn a_dropped_log_out_is_made_or_not(subject: &dyn Subject) {
    let world = World::new(subject).await;
    for round in 0..ROUNDS {
        let (user, held) = world.logged_in().await;
        let session = held.grant.session.id;
        dropped(
            round,
            world
                .handle(round / 2)
                .end_sessions(user.tenant, EndSessions::One(session)),
        )
        .await;
        let is_over = matches!(
            world.present(&held, &held.token).await,
            RotateOutcome::Ended
        );
        let target = Target::Session {
            tenant: user.tenant,
            session,
        };
        let is_logged = async || world.log().await.iter().any(|(row, _)| *row == target);
        assert!(
            !is_over || is_logged().await,
            "a session that has ended is in the log"
        );
        let ended = world.end(user.tenant, EndSessions::One(session)).await;
        assert!(
            !(is_over && ended == 1),
            "what has ended is not ended again"
        );
        assert!(is_logged().await, "a session that has ended is in the log");
    }
    works(&world).await;
}

/// Dropped reads and rare writes leave nothing behind.
pub async fn whatever_is_dropped_the_store_works_on(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let (user, held) = world.logged_in().await;
    let name = Identifier::new(&user.identifier).unwrap();
    let tenant = world.tenant_id();
    let key = key(1);
    for round in 0..ROUNDS {
        let store = world.handle(round / 2);
        dropped(round, store.find_user(user.tenant, &name)).await;
        dropped(round, store.user(user.tenant, user.id)).await;
        dropped(round, store.sessions(user.tenant, user.id)).await;
        dropped(round, store.read_log(&Cursor::start())).await;
        dropped(round, store.settings(HOUR)).await;
        dropped(round, store.create_tenant(tenant)).await;
        if let Some(keys) = store.signing_key_store() {
            dropped(round, keys.add_signing_key(&key, None, HOUR)).await;
            dropped(round, keys.signing_keys()).await;
            dropped(round, keys.forget_signing_keys()).await;
            let (kid, sealed) = (&key.kid, &key.private);
            dropped(round, keys.reseal_signing_key(kid, sealed, sealed)).await;
        }
    }
    world.store.create_tenant(tenant).await.unwrap();
    world.user_of(tenant).await;
    assert!(world.store.settings(HOUR).await.unwrap().max_token_lifetime >= HOUR);
    if let Some(keys) = world.store.signing_key_store() {
        keys.add_signing_key(&key, None, HOUR).await.unwrap();
        assert_eq!(
            keys.signing_keys().await.unwrap().keys.len(),
            1,
            "one first key is stored"
        );
    }
    world.renew(&held).await;
    works(&world).await;
}
