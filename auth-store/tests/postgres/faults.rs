//! What fails has a name, and what comes back works again.

use std::time::Duration;

use auth_core::TenantId;
use auth_store::{
    CreateOutcome, EndSessions, Identifier, NewUser, OpenOutcome, PgStore, SessionStore,
    StoreError, StoreErrorKind, TenantStore, UserStore,
};
use auth_testkit::servers::Postgres;
use sqlx::PgConnection;

use super::support::{Place, TENANT, blocked, builder, connection, fresh, run};

const OURS: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                    WHERE application_name = 'auth' AND query LIKE '%\"{s}\".%' AND pid <> pg_backend_pid()";

/// After this long a connection that was used is back in the pool.
const GIVEN_BACK: Duration = Duration::from_millis(100);

async fn terminate(beside: &mut PgConnection, place: &Place) {
    run(beside, &place.schema, OURS).await;
}

fn kind<T: std::fmt::Debug>(outcome: Result<T, StoreError>) -> StoreErrorKind {
    outcome.unwrap_err().kind()
}

#[tokio::test(flavor = "multi_thread")]
async fn f11_a_connection_lost_in_a_write_leaves_the_outcome_unknown_and_asking_again_settles_it() {
    let place = fresh().await;
    let user = place.user().await;
    let (session, _) = place.new_session(&user);
    let mut beside = place.beside().await;
    run(
        &mut beside,
        &place.schema,
        "BEGIN; UPDATE {s}.users SET ver = ver",
    )
    .await;
    let opening = {
        let (store, session) = (place.store.clone(), session.clone());
        tokio::spawn(async move { store.open_session(session).await })
    };
    blocked(&mut beside, &place.schema, 1).await;
    terminate(&mut beside, &place).await;
    assert_eq!(kind(opening.await.unwrap()), StoreErrorKind::OutcomeUnknown);
    run(&mut beside, &place.schema, "ROLLBACK").await;

    // The others were ended too, and the store knows that they may have been.
    let first = place.store.open_session(session.clone()).await.unwrap();
    let again = place.store.open_session(session).await.unwrap();
    let (OpenOutcome::Opened(first), OpenOutcome::Opened(again)) = (first, again) else {
        panic!("the user had not moved")
    };
    assert_eq!(
        first.session, again.session,
        "what was committed is given again"
    );
    assert_eq!(
        place.store.sessions(TENANT, user.id).await.unwrap().len(),
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_up_asked_again_is_the_one_that_was_made() {
    let place = fresh().await;
    let user = place.user().await;
    let again = |identifier: &str| NewUser {
        id: user.id,
        tenant: TENANT,
        identifier: Identifier::new(identifier).unwrap(),
        password_hash: Some("first".into()),
        password_policy: None,
        roles: user.roles.clone(),
    };
    let outcome = place
        .store
        .create_user(again(&user.identifier))
        .await
        .unwrap();
    assert_eq!(outcome, CreateOutcome::Created(user.clone()));
    assert_eq!(
        kind(place.store.create_user(again("another@x.org")).await),
        StoreErrorKind::Other
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn f11_a_race_that_is_lost_is_run_again_and_not_for_ever() {
    let place = fresh().await;
    let user = place.user().await;
    let (_, token) = place.open(&user).await;
    let mut beside = place.beside().await;
    // A sequence is not undone with the transaction. By turns, it is a snapshot
    // that is too old, a deadlock, and no loss at all.
    let lose = "CREATE SEQUENCE {s}.turns;
        CREATE FUNCTION {s}.lose() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            CASE nextval('{s}.turns') % 3
                WHEN 1 THEN RAISE 'lost' USING ERRCODE = '40001';
                WHEN 2 THEN RAISE 'lost' USING ERRCODE = '40P01';
                ELSE RETURN new;
            END CASE;
        END $$;
        CREATE TRIGGER lose BEFORE UPDATE ON {s}.sessions FOR EACH ROW EXECUTE FUNCTION {s}.lose()";
    run(&mut beside, &place.schema, lose).await;
    let (_, token) = place.renew(&token).await;
    let always = "ALTER SEQUENCE {s}.turns INCREMENT 3 RESTART 4";
    run(&mut beside, &place.schema, always).await;
    let rotated = place.store.rotate_session(&place.rotation(&token)).await;
    assert_eq!(kind(rotated), StoreErrorKind::Unavailable);
}

#[tokio::test(flavor = "multi_thread")]
async fn f11_connections_that_were_ended_meanwhile_are_replaced() {
    let place = fresh().await;
    let user = place.user().await;
    let mut beside = place.beside().await;
    for idle in [Duration::ZERO, Duration::from_millis(1100)] {
        let reads = (0..8).map(|_| {
            let (store, id) = (place.store.clone(), user.id);
            tokio::spawn(async move { store.user(TENANT, id).await })
        });
        for read in reads.collect::<Vec<_>>() {
            read.await.unwrap().unwrap();
        }
        tokio::time::sleep(idle).await;
        terminate(&mut beside, &place).await;
        for _ in 0..20 {
            // A read is asked again where one that was used a moment ago is
            // believed.
            let found = place.store.user(TENANT, user.id).await.unwrap();
            assert_eq!(found.unwrap().user, user);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f08_a_server_that_is_gone_is_unavailable_and_one_that_comes_back_is_used() {
    let mut server = Postgres::start().await.unwrap();
    let store = builder(&server.url(), "auth")
        .with_acquire_timeout(Duration::from_millis(500))
        .connect()
        .await
        .unwrap();
    let tenant = TenantId::DEFAULT;
    store.create_tenant(tenant).await.unwrap();
    server.kill_9().unwrap();
    let lost = kind(store.create_tenant(tenant).await);
    assert!(
        matches!(
            lost,
            StoreErrorKind::OutcomeUnknown | StoreErrorKind::Unavailable
        ),
        "{lost:?}"
    );
    assert_eq!(
        kind(store.create_tenant(tenant).await),
        StoreErrorKind::Unavailable
    );
    let refused = PgStore::builder(&server.url()).connect().await.unwrap_err();
    assert!(refused.to_string().contains("cannot be used"), "{refused}");
    server.restart().await.unwrap();
    store.create_tenant(tenant).await.unwrap();
}

/// After a failover the same name may be another server.
#[tokio::test(flavor = "multi_thread")]
async fn every_new_connection_is_looked_at() {
    let server = Postgres::start().await.unwrap();
    let store = builder(&server.url(), "auth")
        .with_acquire_timeout(Duration::from_millis(500))
        .connect()
        .await
        .unwrap();
    let mut beside = connection(&server.url()).await;
    let ours =
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'auth'";
    for (commit, is_used) in [("off", false), ("on", true)] {
        let set = format!("ALTER SYSTEM SET synchronous_commit = {commit}");
        for sql in [
            &set,
            "SELECT pg_reload_conf()",
            "SELECT pg_sleep(0.2)",
            ours,
        ] {
            run(&mut beside, "", sql).await;
        }
        let mut created = store.create_tenant(TENANT).await;
        if created.is_err() {
            // The first may have met a connection that had just been ended.
            created = store.create_tenant(TENANT).await;
        }
        assert_eq!(
            created.is_ok(),
            is_used,
            "synchronous_commit = {commit}: {created:?}"
        );
        assert!(is_used || kind(created) == StoreErrorKind::Unavailable);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f12_a_server_that_has_stopped_answering_holds_nobody_up() {
    let server = Postgres::start().await.unwrap();
    let store = builder(&server.url(), "auth")
        .with_max_connections(2)
        .with_statement_timeout(Duration::from_millis(200))
        .with_acquire_timeout(Duration::from_millis(300))
        .connect()
        .await
        .unwrap();
    let user = auth_core::UserId::from_uuid(uuid::Uuid::from_u128(1));
    assert_eq!(store.user(TENANT, user).await.unwrap(), None);
    tokio::time::sleep(GIVEN_BACK).await;
    server.freeze().unwrap();
    let limit = Duration::from_millis(1500);
    let in_time = |call| tokio::time::timeout(limit, call);
    assert_eq!(
        kind(in_time(store.user(TENANT, user)).await.unwrap()),
        StoreErrorKind::Timeout
    );
    for _ in 0..3 {
        // Nothing was asked: no new connection is to be had.
        assert_eq!(
            kind(in_time(store.user(TENANT, user)).await.unwrap()),
            StoreErrorKind::Unavailable
        );
    }
    server.thaw().unwrap();
    let mut answers = 0;
    for _ in 0..60 {
        answers += usize::from(store.user(TENANT, user).await.is_ok());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(
        answers > 50,
        "{answers} of 60 calls were answered after it went on"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn f12_a_write_that_is_never_answered_is_of_unknown_outcome() {
    let server = Postgres::start().await.unwrap();
    let store = builder(&server.url(), "auth")
        .with_statement_timeout(Duration::from_millis(200))
        .connect()
        .await
        .unwrap();
    store.create_tenant(TENANT).await.unwrap();
    tokio::time::sleep(GIVEN_BACK).await;
    server.freeze().unwrap();
    assert_eq!(
        kind(store.create_tenant(TENANT).await),
        StoreErrorKind::OutcomeUnknown
    );
    server.thaw().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn f10_more_callers_than_connections_wait_and_then_are_told() {
    let place = fresh().await;
    let user = place.user().await;
    let store = builder(&place.url, &place.schema)
        .with_max_connections(1)
        .with_acquire_timeout(Duration::from_millis(200))
        .connect()
        .await
        .unwrap();
    let mut beside = place.beside().await;
    run(
        &mut beside,
        &place.schema,
        "BEGIN; UPDATE {s}.users SET ver = ver",
    )
    .await;
    let calls: Vec<_> = (0..200)
        .map(|_| {
            let (store, session) = (store.clone(), place.new_session(&user).0);
            tokio::spawn(async move { store.open_session(session).await })
        })
        .collect();
    blocked(&mut beside, &place.schema, 1).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    run(&mut beside, &place.schema, "ROLLBACK").await;
    let (mut opened, mut told) = (0, 0);
    for call in calls {
        match call.await.unwrap() {
            Ok(OpenOutcome::Opened(_)) => opened += 1,
            Err(error) if error.kind() == StoreErrorKind::Unavailable => told += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((opened, told), (1, 199));
    assert_eq!(store.sessions(TENANT, user.id).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_right_is_corrupt() {
    let place = fresh().await;
    let user = place.user().await;
    let (grant, token) = place.open(&user).await;
    let mut beside = place.beside().await;
    let spoil = "ALTER TABLE {s}.users DROP CONSTRAINT users_password_policy; \
                 UPDATE {s}.users SET password_policy = 0";
    run(&mut beside, &place.schema, spoil).await;
    assert_eq!(
        kind(place.store.user(TENANT, user.id).await),
        StoreErrorKind::Corrupt,
        "a version that is none passes for no other"
    );
    let spoil = "UPDATE {s}.users SET password_policy = NULL; \
                 ALTER TABLE {s}.users DROP CONSTRAINT users_status_check; \
                 UPDATE {s}.users SET status = 'asleep'; UPDATE {s}.sessions SET scope = 'a  b'";
    run(&mut beside, &place.schema, spoil).await;
    assert_eq!(
        kind(place.store.user(TENANT, user.id).await),
        StoreErrorKind::Corrupt
    );
    assert_eq!(
        kind(place.store.rotate_session(&place.rotation(&token)).await),
        StoreErrorKind::Corrupt
    );
    run(
        &mut beside,
        &place.schema,
        "ALTER TABLE {s}.sessions RENAME TO gone",
    )
    .await;
    let ended = place
        .store
        .end_sessions(TENANT, EndSessions::One(grant.session.id))
        .await;
    assert_eq!(kind(ended), StoreErrorKind::Corrupt);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_without_its_settings_revokes_nothing_instead_of_forgetting_it_at_once() {
    let place = fresh().await;
    let user = place.user().await;
    run(
        &mut place.beside().await,
        &place.schema,
        "DELETE FROM {s}.settings",
    )
    .await;
    let ended = place
        .store
        .end_sessions(TENANT, EndSessions::AllOf(user.id))
        .await;
    assert_eq!(kind(ended), StoreErrorKind::Other);
    assert_eq!(
        place
            .store
            .user(TENANT, user.id)
            .await
            .unwrap()
            .unwrap()
            .user,
        user
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn no_failure_tells_what_is_stored() {
    let place = fresh().await;
    let user = place.user().await;
    let spoil = "ALTER TABLE {s}.users ADD CHECK (cardinality(roles) = 1)";
    run(&mut place.beside().await, &place.schema, spoil).await;
    let error = place
        .store
        .set_user_roles(TENANT, user.id, Vec::new())
        .await
        .unwrap_err();
    let said = format!(
        "{error:?} {error} {}",
        std::error::Error::source(&error).unwrap()
    );
    assert!(said.contains("23514"), "{said}");
    for secret in [
        user.identifier.as_str(),
        &user.id.to_string(),
        "first",
        "reader",
    ] {
        assert!(!said.contains(secret), "{said}");
    }
    let mut raw = connection(&place.url).await;
    let sql = format!("UPDATE {}.users SET roles = '{{}}'", place.schema);
    let raw = sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
        .execute(&mut raw)
        .await
        .unwrap_err();
    assert!(
        format!("{raw:?}").contains(&user.identifier),
        "the server itself does tell"
    );
}
