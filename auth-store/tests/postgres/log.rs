//! The log is exact, whatever the order of commits and whatever becomes of the
//! server.

use auth_core::TenantId;
use auth_core::revocation::{Cursor, LogPage, RevocationLog, Target};
use auth_store::{EndSessions, PgStore, SessionStore};
use auth_testkit::servers::Postgres;
use uuid::Uuid;

use super::support::{TENANT, builder, connection, fresh, run};

async fn read(store: &PgStore, after: &Cursor) -> LogPage {
    store.read_log(after).await.unwrap()
}

fn targets(page: &LogPage) -> Vec<Target> {
    page.rows.iter().map(|row| row.target).collect()
}

const HELD: &str = "INSERT INTO {s}.revocations (tenant, kind, floor, expires_at) \
                    VALUES ('00000000-0000-0000-0000-000000000007', 'tenant', 9, now() + interval '1 hour')";

fn held() -> Target {
    Target::Tenant {
        tenant: TenantId::from_uuid(Uuid::from_u128(7)),
        floor: 9,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_was_committed_late_is_found_and_none_twice() {
    let place = fresh().await;
    let user = place.user().await;
    let mut beside = place.beside().await;
    let start = read(&place.store, &Cursor::start()).await;
    run(&mut beside, &place.schema, &format!("BEGIN; {HELD}")).await;

    let first = read(&place.store, &start.next).await;
    assert_eq!(targets(&first), [], "it is not committed");
    let later = place
        .store
        .end_sessions(TENANT, EndSessions::AllOf(user.id))
        .await
        .unwrap();
    let second = read(&place.store, &first.next).await;
    assert_eq!(
        second.rows, later.revoked,
        "a later transaction overtook it"
    );
    run(&mut beside, &place.schema, "COMMIT").await;

    let third = read(&place.store, &second.next).await;
    assert_eq!(
        targets(&third),
        [held()],
        "it is found, and what was read before is not read again"
    );
    let fourth = read(&place.store, &third.next).await;
    assert_eq!(targets(&fourth), []);
    assert_eq!(read(&place.store, &start.next).await.rows.len(), 2);
    assert_eq!(read(&place.store, &Cursor::start()).await.rows.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_was_undone_is_never_given() {
    let place = fresh().await;
    let mut beside = place.beside().await;
    let start = read(&place.store, &Cursor::start()).await;
    run(&mut beside, &place.schema, &format!("BEGIN; {HELD}")).await;
    let during = read(&place.store, &start.next).await;
    run(&mut beside, &place.schema, "ROLLBACK").await;
    for cursor in [Cursor::start(), start.next, during.next] {
        assert_eq!(targets(&read(&place.store, &cursor).await), []);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_from_beyond_the_end_reads_everything() {
    let place = fresh().await;
    run(&mut place.beside().await, &place.schema, HELD).await;
    let next = read(&place.store, &Cursor::start()).await.next;
    let (origin, _) = next.as_str().rsplit_once('/').unwrap();
    let beyond = Cursor::from_text(format!("{origin}/{}:{0}:", u64::MAX));
    assert_eq!(targets(&read(&place.store, &beyond).await), [held()]);
    let own = read(&place.store, &next).await;
    assert_eq!(targets(&own), [], "its own cursor gives what is new");
}

/// A crash may give out transaction ids again that a snapshot has seen end.
#[tokio::test(flavor = "multi_thread")]
async fn after_a_crash_or_a_restart_everything_is_read_again() {
    let mut server = Postgres::start().await.unwrap();
    let store = builder(&server.url(), "auth").connect().await.unwrap();
    run(&mut connection(&server.url()).await, "auth", HELD).await;
    let mut cursor = read(&store, &Cursor::start()).await.next;
    for crash in [true, false] {
        if crash {
            server.kill_9().unwrap();
        }
        server.restart().await.unwrap();
        let mut again = store.read_log(&cursor).await;
        for _ in 0..20 {
            // Connections of the server that is gone.
            again = match again {
                Ok(page) => {
                    assert_eq!(targets(&page), [held()]);
                    cursor = page.next;
                    break;
                }
                Err(_) => store.read_log(&cursor).await,
            };
        }
        assert_eq!(targets(&read(&store, &cursor).await), [], "crash: {crash}");
    }
}

/// Only one process of the server crashed: its start does not show it, and all
/// others are restarted with it.
#[tokio::test(flavor = "multi_thread")]
async fn after_the_crash_of_one_process_everything_is_read_again() {
    let server = Postgres::start().await.unwrap();
    let store = builder(&server.url(), "auth").connect().await.unwrap();
    let mut beside = connection(&server.url()).await;
    run(&mut beside, "auth", HELD).await;
    let cursor = read(&store, &Cursor::start()).await.next;
    let kill = "COPY (SELECT) TO PROGRAM 'kill -9 $PPID'";
    sqlx::raw_sql(kill).execute(&mut beside).await.unwrap_err();
    let origin = |cursor: &Cursor| {
        cursor
            .as_str()
            .rsplit_once('/')
            .map(|(origin, _)| origin.to_owned())
    };
    for _ in 0..200 {
        // Until the server has noticed, it answers as before, then not at all.
        match store.read_log(&cursor).await {
            Ok(page) if origin(&page.next) == origin(&cursor) => assert_eq!(targets(&page), []),
            Ok(page) => return assert_eq!(targets(&page), [held()]),
            Err(_) => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
        }
    }
    panic!("the server did not come back as another one");
}
