//! Many present one token at once, on two instances.

use std::collections::HashSet;
use std::slice;
use std::sync::Arc;
use std::time::Duration;

use auth_core::revocation::Target;
use auth_store::{RotateOutcome, Rotation};

use super::Subject;
use super::race::{at_once, both};
use super::tokens::Held;
use super::world::{GRACE, HOUR, World, holds};

/// Presents one token 64 times at once, on both instances; the outcomes and
/// the rotations that led to them. `active` names each task's root secret.
async fn contest(
    world: &World,
    held: &Held,
    grace: Duration,
    active: fn(usize) -> usize,
) -> Vec<(Rotation, RotateOutcome)> {
    at_once(64, |turn| {
        let root = world.root(active(turn));
        let rotation = Rotation {
            grace,
            root,
            ..world.rotation(&held.grant, &held.token)
        };
        let store = world.handle(turn);
        async move {
            let outcome = store.rotate_session(&rotation).await.unwrap();
            (rotation, outcome)
        }
    })
    .await
}

/// Within the grace: one rotated, the others replayed, and all got the same
/// successor. Gives it.
fn one_successor(world: &World, outcomes: &[(Rotation, RotateOutcome)]) -> Held {
    let mut rotated = Vec::new();
    let mut answers = HashSet::new();
    for (rotation, outcome) in outcomes {
        let contract = "whoever presents the token within the grace rotates or replays it";
        let grant = holds!(outcome, RotateOutcome::Rotated(grant) | RotateOutcome::Replayed(grant) => grant, contract);
        let held = world.successor(rotation, grant);
        answers.insert(held.token.expose().to_owned());
        if matches!(outcome, RotateOutcome::Rotated(_)) {
            rotated.push(held);
        }
    }
    assert_eq!(
        rotated.len(),
        1,
        "of any number of calls with one token, one rotates"
    );
    assert_eq!(
        answers.len(),
        1,
        "every caller gets the same successor, byte for byte"
    );
    rotated.remove(0)
}

async fn contests(world: &World, active: fn(usize) -> usize) {
    for _ in 0..8 {
        let (user, mut held) = world.logged_in().await;
        for generation in 1..=2 {
            held = one_successor(world, &contest(world, &held, GRACE, active).await);
            let listed = world.second.sessions(user.tenant, user.id).await.unwrap();
            assert_eq!(
                listed,
                slice::from_ref(&held.grant.session),
                "what the winner was granted is what is stored"
            );
            assert_eq!(
                listed[0].generation, generation,
                "64 presentations of one token make one generation"
            );
        }
        world.renew(&held).await;
    }
}

/// 64 presentations of one token on two instances make one generation, and
/// every caller gets the same answer.
pub async fn c62_one_token_presented_64_times_makes_one_generation(subject: &dyn Subject) {
    let world = World::new(subject).await;
    contests(&world, |_| 0).await;
}

/// The same while the root secret is being changed: half of the instances have
/// another active one.
pub async fn two_active_root_secrets_still_make_one_successor(subject: &dyn Subject) {
    let world = World::new(subject).await;
    // By pairs, so that each handle sees both.
    contests(&world, |turn| turn / 2).await;
}

/// Without a grace: one success, and the session is dead, for one of the
/// others was a thief.
pub async fn without_a_grace_one_of_64_rotates_and_the_session_dies(subject: &dyn Subject) {
    let world = World::new(subject).await;
    for _ in 0..8 {
        let (user, held) = world.logged_in().await;
        let outcomes = contest(&world, &held, Duration::ZERO, |_| 0).await;
        let (mut rotated, mut reused) = (Vec::new(), Vec::new());
        for (rotation, outcome) in &outcomes {
            match outcome {
                RotateOutcome::Rotated(grant) => rotated.push(world.successor(rotation, grant)),
                RotateOutcome::Reused { revoked, .. } => reused.push(*revoked),
                RotateOutcome::Ended => {}
                other => panic!(
                    "without a grace a token rotates, is reused, or has ended, not {other:?}"
                ),
            }
        }
        assert_eq!(
            (rotated.len(), reused.len()),
            (1, 1),
            "one rotates, one is found out, the rest come too late"
        );
        let tenant = user.tenant;
        assert_eq!(
            reused[0].target,
            Target::Session {
                tenant,
                session: held.grant.session.id
            }
        );
        let outcome = world.present(&rotated[0], &rotated[0].token).await;
        holds!(
            outcome,
            RotateOutcome::Ended,
            "after a reuse the winner's token is dead too"
        );
    }
}

/// Four clients of one session hammer on it: no generation is skipped, none
/// made twice.
pub async fn a_chain_of_contested_rotations_skips_no_generation(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let (_, mut held) = world.logged_in().await;
    for generation in 1..=32 {
        let outcomes = at_once(4, |turn| {
            let (rotation, store) = (world.rotation(&held.grant, &held.token), world.handle(turn));
            async move {
                let outcome = store.rotate_session(&rotation).await.unwrap();
                (rotation, outcome)
            }
        })
        .await;
        held = one_successor(&world, &outcomes);
        assert_eq!(
            held.grant.session.generation, generation,
            "each contested rotation is one generation"
        );
    }
}

/// Slow requests with a token and with its successor: however they fall, one
/// chain goes on and nobody is logged out.
pub async fn a_token_and_its_successor_presented_at_once_leave_one_chain(subject: &dyn Subject) {
    let world = World::new(subject).await;
    for _ in 0..32 {
        let (_, first) = world.logged_in().await;
        let second = world.renew(&first).await;
        let present = |held: &Held, store: Arc<dyn auth_store::Store>| {
            let rotation = world.rotation(&held.grant, &held.token);
            async move { (store.rotate_session(&rotation).await.unwrap(), rotation) }
        };
        let (old, new) = both(
            present(&first, world.handle(0)),
            present(&second, world.handle(1)),
        )
        .await;
        holds!(
            old.0,
            RotateOutcome::Replayed(_) | RotateOutcome::Superseded,
            "a slow request ends nothing"
        );
        let grant =
            holds!(new.0, RotateOutcome::Rotated(grant) => grant, "the current token rotates");
        world.renew(&world.successor(&new.1, &grant)).await;
    }
}

/// Sessions of one user rotate side by side, while the user's roles change.
pub async fn sessions_of_one_user_rotate_side_by_side(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let user = world.user().await;
    let mut sessions = Vec::new();
    for _ in 0..16 {
        sessions.push(world.open(&user).await);
    }
    at_once(17, |turn| {
        let (world, user, store) = (world.clone(), user.clone(), world.handle(turn));
        let held = sessions.get(turn).cloned();
        async move {
            let Some(mut held) = held else {
                for role in 0..8 {
                    let set = store
                        .set_user_roles(user.tenant, user.id, vec![format!("role {role}")])
                        .await;
                    let _ = set.unwrap();
                }
                return;
            };
            for _ in 0..8 {
                let rotation = Rotation {
                    idle: HOUR,
                    ..world.rotation(&held.grant, &held.token)
                };
                let outcome = store.rotate_session(&rotation).await.unwrap();
                let contract = "a session rotates whatever the user's other sessions do";
                let grant = holds!(outcome, RotateOutcome::Rotated(grant) => grant, contract);
                held = world.successor(&rotation, &grant);
            }
        }
    })
    .await;
}
