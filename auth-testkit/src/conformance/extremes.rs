//! Values that no database type is made for.

use std::time::Duration;

use auth_core::TenantId;
use auth_store::{
    ChangeOutcome, CreateOutcome, NewSession, NewUser, OpenOutcome, RotateOutcome, Rotation,
};

use super::Subject;
use super::tokens::Held;
use super::world::{HOUR, World, holds};

/// NUL is kept or refused with a typed error; the store works on.
pub async fn nul_is_kept_or_refused(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let user = world.user().await;
    let nul = "a\0b".to_owned();
    let (new, _) = world.new_session(&user, world.seen(&user).await);
    let id = new.id;
    let contract = "NUL is kept or refused, never cut off";
    let opened = world
        .store
        .open_session(NewSession {
            device: Some(nul.clone()),
            ..new
        })
        .await;
    let listed = world.second.sessions(user.tenant, user.id).await.unwrap();
    let stored = listed
        .into_iter()
        .find(|session| session.id == id)
        .map(|session| session.device);
    match opened {
        Ok(OpenOutcome::Opened(grant)) => {
            assert_eq!(
                (grant.session.device, stored),
                (Some(nul.clone()), Some(Some(nul.clone()))),
                "{contract}"
            );
        }
        Err(_) => assert_eq!(stored, None, "what was refused is not stored"),
        other => panic!("{contract}: {other:?}"),
    }
    if let Ok(change) = world
        .store
        .set_user_roles(user.tenant, user.id, vec![nul.clone()])
        .await
    {
        let user = holds!(change.value, ChangeOutcome::Changed(user) => user, contract);
        assert_eq!(
            (user.roles.clone(), world.record(&user).await.user),
            (vec![nul.clone()], user),
            "{contract}"
        );
    }
    let new = NewUser {
        password_hash: Some(nul.clone()),
        ..world.new_user(TenantId::DEFAULT, "nul@x.org")
    };
    if let Ok(outcome) = world.store.create_user(new).await {
        let user = holds!(outcome, CreateOutcome::Created(user) => user, contract);
        assert_eq!(
            world.record(&user).await.password_hash,
            Some(nul),
            "{contract}"
        );
    }
    let held = world.open(&user).await;
    world.renew(&held).await;
}

/// A session meant to live for ever lives, or is refused; nothing overflows.
pub async fn lifetimes_beyond_every_calendar_do_not_overflow(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let user = world.user().await;
    for (idle, absolute) in [
        (Duration::MAX, Duration::MAX),
        (HOUR, Duration::MAX),
        (Duration::MAX, HOUR),
    ] {
        let (new, secret) = world.new_session(&user, world.seen(&user).await);
        let Ok(outcome) = world
            .store
            .open_session(NewSession {
                idle,
                absolute,
                ..new
            })
            .await
        else {
            continue;
        };
        let grant =
            holds!(outcome, OpenOutcome::Opened(grant) => *grant, "a session opens or is refused");
        let held = Held {
            token: world.token(&grant, 0, &secret),
            grant,
        };
        let rotation = Rotation {
            idle,
            ..world.rotation(&held.grant, &held.token)
        };
        if let Ok(outcome) = world.store.rotate_session(&rotation).await {
            holds!(
                outcome,
                RotateOutcome::Rotated(_),
                "a session that lives for ever rotates"
            );
        }
    }
    let held = world.open(&user).await;
    world.renew(&held).await;
}
