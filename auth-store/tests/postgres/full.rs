//! A server that cannot write: its disk is full, or it may not.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use auth_core::{RootSecret, RootSecrets, SystemRandom};
use auth_store::{
    EndSessions, OpenOutcome, RotateOutcome, SessionStore, StoreErrorKind, UserStore,
};
use auth_testkit::servers::Postgres;

use super::support::{Place, TENANT, builder, connection, fresh, run};

#[tokio::test(flavor = "multi_thread")]
async fn f14_a_server_that_may_only_read_is_unavailable_for_changes_and_read_from() {
    let server = Postgres::start().await.unwrap();
    let store = builder(&server.url(), "auth").connect().await.unwrap();
    let roots = RootSecrets::new(RootSecret::generate(&SystemRandom::new()).unwrap());
    let place = Place::on(store, "auth", &server.url(), roots).await;
    let user = place.user().await;
    let (grant, token) = place.open(&user).await;
    let mut beside = connection(&server.url()).await;
    let read_only = |is: &str| {
        format!(
            "ALTER SYSTEM SET default_transaction_read_only = {is}; SELECT pg_reload_conf(); SELECT pg_sleep(0.3)"
        )
    };
    for sql in read_only("on").split("; ") {
        run(&mut beside, "", sql).await;
    }
    let session = EndSessions::One(grant.session.id);
    let rotation = place.rotation(&token);
    let kinds = [
        place
            .store
            .rotate_session(&rotation)
            .await
            .unwrap_err()
            .kind(),
        place
            .store
            .end_sessions(TENANT, session)
            .await
            .unwrap_err()
            .kind(),
        place
            .store
            .open_session(place.new_session(&user).0)
            .await
            .unwrap_err()
            .kind(),
    ];
    assert_eq!(
        kinds,
        [StoreErrorKind::Unavailable; 3],
        "nothing was changed"
    );
    let found = place.store.user(TENANT, user.id).await.unwrap().unwrap();
    assert_eq!(found.user, user);
    for sql in read_only("off").split("; ") {
        run(&mut beside, "", sql).await;
    }
    let (renewed, _) = place.renew(&token).await;
    assert_eq!(
        renewed.session.generation, 1,
        "it was not spent by what failed"
    );
}

/// A small disk; gone when dropped.
struct Disk(tempfile::TempDir);

impl Disk {
    /// `None` where it cannot be made: that takes root.
    fn of(megabytes: u32) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let made = Command::new("mount")
            .args([
                "-t",
                "tmpfs",
                "-o",
                &format!("size={megabytes}m,mode=0777"),
                "tmpfs",
            ])
            .arg(folder.path())
            .status();
        made.is_ok_and(|status| status.success())
            .then(|| Self(folder))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn ballast(&self) -> std::path::PathBuf {
        self.path().join("ballast")
    }

    fn fill(&self) {
        use std::io::Write;
        let mut ballast = std::fs::File::create(self.ballast()).unwrap();
        let much = vec![0; 65536];
        while ballast.write_all(&much).is_ok() {}
        while ballast.write_all(&[0; 512]).is_ok() {}
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        Command::new("umount")
            .arg("-l")
            .arg(self.path())
            .status()
            .ok();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f14_a_full_disk_loses_nothing_that_was_acknowledged_and_ends_with_the_space() {
    let Some(disk) = Disk::of(160) else {
        println!("not run: making a small disk takes root");
        return;
    };
    let settings = [("min_wal_size", "32MB"), ("max_wal_size", "32MB")];
    let mut server = Postgres::start_in(disk.path(), &settings).await.unwrap();
    let store = builder(&server.url(), "auth")
        .with_acquire_timeout(Duration::from_millis(500))
        .connect()
        .await
        .unwrap();
    let roots = RootSecrets::new(RootSecret::generate(&SystemRandom::new()).unwrap());
    let place = Place::on(store, "auth", &server.url(), roots).await;
    let user = place.user().await;
    let (first, mut token) = place.open(&user).await;
    let mut opened = vec![first.session.id];
    disk.fill();
    // Rows of a size that soon fill what is left in files and log.
    let mut failures = 0;
    for _ in 0..20_000 {
        let (mut session, _) = place.new_session(&user);
        session.device = Some(
            place
                .roots
                .active()
                .id()
                .0
                .map(|byte| byte.to_string())
                .concat()
                .repeat(400),
        );
        match place.store.open_session(session.clone()).await {
            Ok(OpenOutcome::Opened(_)) => opened.push(session.id),
            Ok(other) => panic!("{other:?}"),
            Err(error) => {
                let kind = error.kind();
                assert!(
                    matches!(
                        kind,
                        StoreErrorKind::Unavailable
                            | StoreErrorKind::OutcomeUnknown
                            | StoreErrorKind::Timeout
                    ),
                    "{error:?}"
                );
                failures += 1;
            }
        }
        if failures > 5 {
            break;
        }
    }
    assert!(failures > 5, "the disk was never full");
    std::fs::remove_file(disk.ballast()).unwrap();
    // A full log ends the server; whoever watches over it starts it again.
    if place.store.user(TENANT, user.id).await.is_err() {
        server.restart().await.unwrap();
    }
    let mut listed = Vec::new();
    for _ in 0..100 {
        match place.store.sessions(TENANT, user.id).await {
            Ok(sessions) => {
                listed = sessions;
                break;
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
    for id in opened {
        assert!(
            listed.iter().any(|session| session.id == id),
            "a log-in was lost"
        );
    }
    for generation in 1..4 {
        let rotation = place.rotation(&token);
        let outcome = place.store.rotate_session(&rotation).await.unwrap();
        let RotateOutcome::Rotated(grant) = outcome else {
            panic!("{outcome:?}")
        };
        assert_eq!(grant.session.generation, generation);
        token = place.successor(&rotation, &grant);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f12_a_statement_that_takes_too_long_is_a_timeout_that_changes_nothing() {
    let place = fresh().await;
    let user = place.user().await;
    let (_, token) = place.open(&user).await;
    let store = builder(&place.url, &place.schema)
        .with_statement_timeout(Duration::from_millis(300))
        .connect()
        .await
        .unwrap();
    let mut beside = place.beside().await;
    let slow = "CREATE FUNCTION {s}.slow() RETURNS trigger LANGUAGE plpgsql AS \
                $$ BEGIN PERFORM pg_sleep(60); RETURN new; END $$;
        CREATE TRIGGER slow AFTER UPDATE ON {s}.sessions FOR EACH ROW EXECUTE FUNCTION {s}.slow()";
    run(&mut beside, &place.schema, slow).await;
    let rotated = store.rotate_session(&place.rotation(&token)).await;
    assert_eq!(rotated.unwrap_err().kind(), StoreErrorKind::Timeout);
    run(
        &mut beside,
        &place.schema,
        "DROP TRIGGER slow ON {s}.sessions",
    )
    .await;
    let (renewed, _) = place.renew(&token).await;
    assert_eq!(renewed.session.generation, 1);
}
