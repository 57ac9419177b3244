//! What joins a transaction of the application's own.

use std::time::Duration;

use auth_core::{TenantId, UserId};
use auth_store::{
    ConsumerStore, CreateOutcome, Identifier, NewUser, OutboxStore, StoreError, StoreErrorKind,
    UserStore,
};
use sqlx::{Connection, PgConnection, Postgres, Transaction};
use uuid::Uuid;

use super::outbox::{effects, event_id};
use super::support::{Place, TENANT, blocked, fresh, run, value};

fn new_user(identifier: &str) -> NewUser {
    NewUser {
        id: UserId::from_uuid(*event_id().as_uuid()),
        tenant: TENANT,
        identifier: Identifier::new(identifier).unwrap(),
        password_hash: Some("$argon2id$".to_owned()),
        password_policy: None,
        roles: vec!["admin".to_owned()],
    }
}

async fn end(deed: Transaction<'_, Postgres>, commits: bool) {
    let ended = if commits {
        deed.commit().await
    } else {
        deed.rollback().await
    };
    ended.unwrap();
}

/// With an event.
async fn make(
    place: &Place,
    deed: &mut PgConnection,
    user: &NewUser,
) -> Result<CreateOutcome, StoreError> {
    place.store.create_user_in(deed, user, &effects()).await
}

/// The user and its event go with the application's own row, either way.
#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_made_with_the_applications_own_deed_or_not_at_all() {
    let place = fresh().await;
    let mut own = place.beside().await;
    run(
        &mut own,
        &place.schema,
        "CREATE TABLE {s}.profiles (user_id uuid)",
    )
    .await;
    for commits in [false, true] {
        let mut deed = own.begin().await.unwrap();
        let ada = new_user("Ada@example.org");
        let made = make(&place, &mut deed, &ada);
        let CreateOutcome::Created(user) = made.await.unwrap() else {
            panic!("nobody else is there");
        };
        assert_eq!((user.id, user.roles), (ada.id, ada.roles.clone()));
        run(
            &mut deed,
            &place.schema,
            "INSERT INTO {s}.profiles VALUES (gen_random_uuid())",
        )
        .await;
        // Nobody else sees it yet.
        let identifier = Identifier::new("ada@example.org").unwrap();
        let found = place.store.find_user(TENANT, &identifier).await.unwrap();
        assert!(found.is_none());
        end(deed, commits).await;
        let found = place.store.find_user(TENANT, &identifier).await.unwrap();
        assert_eq!(found.map(|found| found.user.id), commits.then_some(ada.id));
        let waiting = place.store.outbox_status().await.unwrap().waiting;
        assert_eq!(waiting, u64::from(commits));
        let profiles = "SELECT count(*) FROM {s}.profiles";
        let profiles: i64 = value(&mut own, &place.schema, profiles).await;
        assert_eq!(profiles, i64::from(commits));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_who_cannot_be_made_leaves_the_applications_transaction_as_it_was() {
    let place = fresh().await;
    let ada = new_user("ada@example.org");
    place.store.create_user(ada.clone()).await.unwrap();
    let mut own = place.beside().await;
    let mut deed = own.begin().await.unwrap();
    let taken = new_user("ADA@example.org");
    let taken = make(&place, &mut deed, &taken);
    assert!(matches!(taken.await.unwrap(), CreateOutcome::Taken));
    // The same once more, as after a lost answer.
    let again = make(&place, &mut deed, &ada);
    assert!(matches!(again.await.unwrap(), CreateOutcome::Created(user) if user.id == ada.id));
    let mut nowhere = new_user("bob@example.org");
    nowhere.tenant = TenantId::from_uuid(Uuid::from_u128(7));
    let nowhere = make(&place, &mut deed, &nowhere);
    assert!(matches!(nowhere.await.unwrap(), CreateOutcome::NoTenant));
    let bob = new_user("bob@example.org");
    let made = make(&place, &mut deed, &bob);
    assert!(matches!(made.await.unwrap(), CreateOutcome::Created(_)));
    deed.commit().await.unwrap();
    // Of those who were not made nothing is told.
    assert_eq!(place.store.outbox_status().await.unwrap().waiting, 1);

    let mut deed = own.begin().await.unwrap();
    let mut nul = new_user("eve@example.org");
    nul.roles = vec!["\0".to_owned()];
    let refused = make(&place, &mut deed, &nul);
    assert_eq!(refused.await.unwrap_err().kind(), StoreErrorKind::Other);
    deed.rollback().await.unwrap();
}

/// Whoever wants the same identifier waits to hear how the transaction ends.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_want_one_identifier_the_second_waits_for_the_firsts_transaction() {
    let place = fresh().await;
    let mut own = place.beside().await;
    for commits in [false, true] {
        let identifier = format!("ada-{commits}@example.org");
        let mut deed = own.begin().await.unwrap();
        let first = new_user(&identifier);
        let made = make(&place, &mut deed, &first);
        made.await.unwrap();
        let waiting = place.store.create_user(new_user(&identifier));
        let ending = async {
            blocked(&mut place.beside().await, &place.schema, 1).await;
            end(deed, commits).await;
        };
        let (second, ()) = tokio::join!(waiting, ending);
        let is_taken = matches!(second.unwrap(), CreateOutcome::Taken);
        assert_eq!(is_taken, commits);
    }
}

/// A consumer's own transaction takes the mark with it, either way.
#[tokio::test(flavor = "multi_thread")]
async fn a_mark_is_committed_with_the_consumers_own_deed_or_not_at_all() {
    let place = fresh().await;
    let hour = Duration::from_secs(3600);
    let event = event_id();
    let mut own = place.beside().await;
    for (commits, expected) in [(false, true), (true, true), (true, false)] {
        let mut deed = own.begin().await.unwrap();
        let first = place
            .store
            .first_seen_in(&mut deed, "billing", TENANT, event, hour)
            .await
            .unwrap();
        assert_eq!(first, expected);
        end(deed, commits).await;
    }
    let seen = place.store.first_seen("billing", TENANT, event, hour).await;
    assert!(!seen.unwrap());
}

/// An application's own change takes its events with it, either way.
#[tokio::test(flavor = "multi_thread")]
async fn events_are_committed_with_the_applications_own_deed_or_not_at_all() {
    let place = fresh().await;
    let mut own = place.beside().await;
    for (commits, waiting) in [(false, 0), (true, 1)] {
        let mut deed = own.begin().await.unwrap();
        let events = effects();
        let added = place.store.add_events_in(&mut deed, TENANT, &events);
        added.await.unwrap();
        end(deed, commits).await;
        let status = place.store.outbox_status().await.unwrap();
        assert_eq!(status.waiting, waiting);
    }
}

/// While one consumer is at it, another one waits to hear how it ends.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_consumer_waits_for_the_first_ones_transaction() {
    let place = fresh().await;
    let hour = Duration::from_secs(3600);
    let (mut first, mut second) = (place.beside().await, place.beside().await);
    for commits in [false, true] {
        let event = event_id();
        let mut deed = first.begin().await.unwrap();
        let mark = place
            .store
            .first_seen_in(&mut deed, "billing", TENANT, event, hour);
        assert!(mark.await.unwrap());
        let waiting = place
            .store
            .first_seen_in(&mut second, "billing", TENANT, event, hour);
        let ending = async {
            blocked(&mut place.beside().await, &place.schema, 1).await;
            end(deed, commits).await;
        };
        let (seen, ()) = tokio::join!(waiting, ending);
        assert_eq!(seen.unwrap(), !commits);
    }
}
