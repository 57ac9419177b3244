//! Users are made and found.

use auth_core::TenantId;
use auth_store::{CreateOutcome, Identifier, NewUser, UserStatus};

use super::Subject;
use super::race::at_once;
use super::world::{HASH, World, holds};

/// A user is found by whatever spelling normalises to the same identifier, and
/// what was typed at sign-up is kept.
pub async fn a_user_is_found_by_every_spelling_of_the_identifier(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let user = world
        .create(world.new_user(TenantId::DEFAULT, "A@x.org"))
        .await;
    assert_eq!(
        user.identifier, "A@x.org",
        "what was typed at sign-up is kept"
    );
    for spelling in ["A@x.org", "a@x.org ", "A@X.ORG"] {
        let spelling = Identifier::new(spelling).unwrap();
        let found = world
            .second
            .find_user(TenantId::DEFAULT, &spelling)
            .await
            .unwrap();
        let found = found.expect("a user is found by the normalised identifier");
        assert_eq!(
            found.user, user,
            "the user that is found is the one that was created"
        );
        assert_eq!(
            found.password_hash.as_deref(),
            Some(HASH),
            "the hash comes with the user"
        );
    }
    let other = Identifier::new("b@x.org").unwrap();
    assert_eq!(
        world
            .store
            .find_user(TenantId::DEFAULT, &other)
            .await
            .unwrap(),
        None
    );
}

/// A new user is active and has what the command said.
pub async fn a_new_user_is_what_was_asked_for(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let new = NewUser {
        roles: vec!["a".into(), "b".into()],
        ..world.new_user(TenantId::DEFAULT, "a@x.org")
    };
    let user = world.create(new.clone()).await;
    assert_eq!(
        (user.id, user.tenant, user.roles.clone()),
        (new.id, new.tenant, new.roles)
    );
    assert_eq!(user.status, UserStatus::Active, "a new user is active");
    assert_eq!(
        world.record(&user).await.user,
        user,
        "a user reads back as created"
    );
    let now = world
        .page(&auth_core::revocation::Cursor::start())
        .await
        .now;
    assert!(
        user.created_at <= now,
        "an account is made at the store's time, not later"
    );
}

/// A user without a password is found without one.
pub async fn a_user_without_a_password_has_none(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let new = NewUser {
        password_hash: None,
        ..world.new_user(TenantId::DEFAULT, "a@x.org")
    };
    let user = world.create(new).await;
    assert_eq!(
        world.record(&user).await.password_hash,
        None,
        "no password is not an empty one"
    );
}

/// Of simultaneous sign-ups for one identifier, one creates.
pub async fn of_32_sign_ups_for_one_identifier_one_creates(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let outcomes = at_once(32, |turn| {
        let (store, spelling) = (world.handle(turn), ["A@x.org", "a@X.org"][turn / 2 % 2]);
        let new = world.new_user(TenantId::DEFAULT, spelling);
        async move { store.create_user(new).await.unwrap() }
    })
    .await;
    let (mut created, mut taken) = (Vec::new(), 0);
    for outcome in outcomes {
        match outcome {
            CreateOutcome::Created(user) => created.push(user),
            CreateOutcome::Taken => taken += 1,
            other => panic!("a sign-up creates or finds the identifier taken, not {other:?}"),
        }
    }
    assert_eq!(
        (created.len(), taken),
        (1, 31),
        "of several sign-ups for one identifier, one creates"
    );
    assert_eq!(
        world.record(&created[0]).await.user,
        created[0],
        "the winner's user is the one that is there"
    );
}

/// A taken identifier leaves the user who has it as it was.
pub async fn a_taken_identifier_stays_with_its_user(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let first = world
        .create(world.new_user(TenantId::DEFAULT, "a@x.org"))
        .await;
    let new = NewUser {
        password_hash: Some("another".into()),
        roles: vec!["admin".into()],
        ..world.new_user(TenantId::DEFAULT, "A@X.ORG")
    };
    let outcome = world.second.create_user(new.clone()).await.unwrap();
    holds!(
        outcome,
        CreateOutcome::Taken,
        "an identifier belongs to one user of the tenant"
    );
    let found = world.record(&first).await;
    assert_eq!(
        (found.user, found.password_hash.as_deref()),
        (first, Some(HASH)),
        "the first user is untouched"
    );
    let ghost = world.store.user(TenantId::DEFAULT, new.id).await.unwrap();
    assert_eq!(
        ghost, None,
        "a sign-up that found the identifier taken made no user"
    );
}

/// An id that is in use never becomes another user's.
pub async fn a_user_id_in_use_is_not_given_again(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let first = world
        .create(world.new_user(TenantId::DEFAULT, "a@x.org"))
        .await;
    let new = NewUser {
        id: first.id,
        password_hash: Some("another".into()),
        ..world.new_user(TenantId::DEFAULT, "b@x.org")
    };
    let outcome = world.store.create_user(new).await;
    assert!(
        !matches!(outcome, Ok(CreateOutcome::Created(_))),
        "an id is one user's: {outcome:?}"
    );
    let found = world.record(&first).await;
    assert_eq!(
        (found.user, found.password_hash.as_deref()),
        (first, Some(HASH)),
        "the first user is untouched"
    );
}
