//! A change and its events are one.

use std::time::Duration;

use auth_core::TenantId;
use auth_core::revocation::Cursor;
use auth_store::{
    CreateOutcome, Effects, EndSessions, NewUser, OpenOutcome, RotateOutcome, Rotation, UserStatus,
};

use super::Subject;
use super::dropped::{ROUNDS, dropped, works};
use super::events::{SOURCE, kinds, outbox};
use super::race::at_once;
use super::world::{HASH, MINUTE, World, holds};

/// Each change that tells of itself does, in order, about the user it is about.
pub async fn each_change_tells_its_event(subject: &dyn Subject) {
    let world = World::new(subject).await;
    if outbox(&*world.store).is_none() {
        return;
    }
    let new = world.new_user(TenantId::DEFAULT, "ada@x.org");
    let (tenant, id) = (new.tenant, new.id);
    let created = world.telling(0, "created").create_user(new).await.unwrap();
    let user = holds!(created, CreateOutcome::Created(user) => user, "a user is made");
    let roles = world.telling(1, "roles");
    let _ = roles.set_user_roles(tenant, id, vec![]).await.unwrap();
    let status = world.telling(0, "status");
    let _ = status
        .set_user_status(tenant, id, UserStatus::Active)
        .await
        .unwrap();
    let change = World::password_change(&user, HASH, "second");
    let password = world.telling(1, "password");
    let _ = password.change_password(change).await.unwrap();
    for (turn, kind) in ["one", "one_of"].into_iter().enumerate() {
        let (session, _) = world.new_session(&user, world.seen(&user).await);
        let opened = world.telling(turn, "opened");
        let opened = opened.open_session(session.clone()).await.unwrap();
        holds!(opened, OpenOutcome::Opened(_), "a session opens");
        let which = match kind {
            "one" => EndSessions::One(session.id),
            _ => EndSessions::OneOf(id, session.id),
        };
        let ended = world.telling(turn, kind).end_sessions(tenant, which).await;
        assert_eq!(ended.unwrap().value, 1);
    }
    let all = world.telling(0, "all");
    let _ = all
        .end_sessions(tenant, EndSessions::AllOf(id))
        .await
        .unwrap();

    let now = world.page(&Cursor::start()).await.now;
    let told = world.drain().await;
    assert_eq!(
        kinds(&told),
        [
            "created", "roles", "status", "password", "opened", "one", "opened", "one_of", "all"
        ],
        "each change tells its event, in order"
    );
    for event in &told {
        assert_eq!(
            (event.tenant, event.subject.as_str(), event.source.as_str()),
            (tenant, id.to_string().as_str(), SOURCE),
            "an event that names no subject is about the user"
        );
        assert_eq!(
            event.data,
            format!(r#"{{"kind":"{}"}}"#, event.kind),
            "an event says what it was given"
        );
        let age = now.since(event.time);
        assert!(
            event.time <= now && age < MINUTE,
            "the store's clock says when an event was committed"
        );
    }
    assert!(
        told.is_sorted_by(|a, b| a.sequence < b.sequence),
        "each event has a place of its own in the order"
    );
}

/// What does not happen, and what was not asked to, tells nothing.
pub async fn what_does_not_happen_tells_nothing(subject: &dyn Subject) {
    let world = World::new(subject).await;
    if outbox(&*world.store).is_none() {
        return;
    }
    let (user, held) = world.logged_in().await;
    let (tenant, id) = (user.tenant, user.id);
    let taken = NewUser {
        id: world.user_id(),
        ..world.new_user(tenant, &user.identifier)
    };
    let no_tenant = world.new_user(world.tenant_id(), "b@x.org");
    for new in [taken, no_tenant] {
        let outcome = world.telling(0, "created").create_user(new).await.unwrap();
        holds!(
            outcome,
            CreateOutcome::Taken | CreateOutcome::NoTenant,
            "no user is made"
        );
    }
    let change = World::password_change(&user, "another", "second");
    let _ = world.telling(1, "password").change_password(change).await;
    let ghost = world.user_id();
    let _ = world
        .telling(0, "roles")
        .set_user_roles(tenant, ghost, vec![])
        .await;
    let _ = world
        .telling(0, "status")
        .set_user_status(tenant, ghost, UserStatus::Disabled)
        .await;
    let mut seen = world.seen(&user).await;
    seen.ver += 1;
    let (session, _) = world.new_session(&user, seen);
    let moved = world.telling(1, "opened").open_session(session).await;
    holds!(moved.unwrap(), OpenOutcome::Moved, "no session opens");
    let rotation = world.rotation(&held.grant, &held.token);
    for _ in 0..2 {
        let rotated = world.telling(0, "theft").rotate_session(&rotation).await;
        let contract = "the current token rotates, and is replayed";
        holds!(
            rotated.unwrap(),
            RotateOutcome::Rotated(_) | RotateOutcome::Replayed(_),
            contract
        );
    }
    let one = EndSessions::One(held.grant.session.id);
    assert_eq!(world.end(tenant, one).await, 1);
    let nobody = EndSessions::AllOf(ghost);
    for which in [one, EndSessions::OneOf(id, held.grant.session.id), nobody] {
        let ended = world.telling(1, "ended").end_sessions(tenant, which).await;
        assert_eq!(ended.unwrap().value, 0);
    }
    let quiet = outbox(&*world.store).unwrap().carrying(Effects::none());
    let _ = quiet.set_user_roles(tenant, id, vec![]).await.unwrap();
    let told = world.drain().await;
    assert_eq!(
        kinds(&told),
        [""; 0],
        "an event is there if its change is, and not otherwise"
    );
}

/// A token that should not exist is told of, with the reason.
pub async fn a_theft_is_told_with_its_reason(subject: &dyn Subject) {
    let world = World::new(subject).await;
    if outbox(&*world.store).is_none() {
        return;
    }
    let (_, first) = world.logged_in().await;
    world.renew(&first).await;
    let reuse = Rotation {
        grace: Duration::ZERO,
        ..world.rotation(&first.grant, &first.token)
    };
    let (_, second) = world.logged_in().await;
    let stray = world.stray(&second.grant, 0);
    let conflict = world.rotation(&second.grant, &stray);
    for (turn, rotation) in [reuse, conflict].iter().enumerate() {
        let found = world.telling(turn, "theft").rotate_session(rotation).await;
        let contract = "a token that should not exist ends the session";
        holds!(
            found.unwrap(),
            RotateOutcome::Reused { .. } | RotateOutcome::Conflict { .. },
            contract
        );
        // The session has ended: nobody finds it out again.
        let again = world.telling(turn, "theft").rotate_session(rotation).await;
        holds!(again.unwrap(), RotateOutcome::Ended, "a session ends once");
    }
    let told = world.drain().await;
    let data: Vec<_> = told
        .iter()
        .map(|event| serde_json::from_str::<serde_json::Value>(&event.data).unwrap())
        .map(|data| (data["reason"].clone(), data["generation"].clone()))
        .collect();
    assert_eq!(
        data,
        [("reuse".into(), 1.into()), ("conflict".into(), 0.into())],
        "a theft is told once, with reason and generation"
    );
    for (event, held) in told.iter().zip([&first, &second]) {
        let user = held.grant.user.id.to_string();
        assert_eq!(event.subject, user, "a theft is about the user");
    }
}

/// Of several who change one thing at once, those who do tell of it.
pub async fn of_16_sign_ups_at_once_one_tells(subject: &dyn Subject) {
    let world = World::new(subject).await;
    if outbox(&*world.store).is_none() {
        return;
    }
    let made = at_once(16, |turn| {
        let new = world.new_user(TenantId::DEFAULT, "ada@x.org");
        let (id, store) = (new.id, world.telling(turn, "created"));
        async move {
            let outcome = store.create_user(new).await.unwrap();
            matches!(outcome, CreateOutcome::Created(_)).then_some(id)
        }
    })
    .await;
    let made: Vec<_> = made
        .into_iter()
        .flatten()
        .map(|id| id.to_string())
        .collect();
    let told = world.drain().await;
    let told: Vec<_> = told.into_iter().map(|event| event.subject).collect();
    assert_eq!(told, made, "of several sign-ups the one that is made tells");
}

/// A dropped change is told of if it was made.
pub async fn a_dropped_change_is_told_or_not_made(subject: &dyn Subject) {
    let world = World::new(subject).await;
    if outbox(&*world.store).is_none() {
        return;
    }
    let user = world.user().await;
    for round in 0..ROUNDS {
        let store = world.telling(round / 2, &format!("round{round}"));
        dropped(round, store.set_user_roles(user.tenant, user.id, vec![])).await;
        // It is over, one way or the other, when another one has been made.
        let store = world.handle(round / 2);
        let _ = store
            .set_user_status(user.tenant, user.id, UserStatus::Active)
            .await
            .unwrap();
    }
    let raised = world.record(&user).await.user.ver - user.ver;
    let told = world.drain().await;
    assert_eq!(
        i64::try_from(told.len() + ROUNDS).unwrap(),
        raised,
        "a dropped change is made and told, or neither"
    );
    works(&world).await;
}
