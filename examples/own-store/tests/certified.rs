//! The store passes the suite that every store must pass, each case a test, and keeps what
//! it has acknowledged when its process is killed.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use auth_core::{ManualClock, SystemRandom, TenantId, Timestamp, UserId};
use auth_store::{Identifier, KeyedStore, NewUser, UserStore};
use auth_testkit::conformance::Clocked;
use own_store::{Redb, RedbStore};
use tempfile::TempDir;

const NOW: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);

async fn open(path: &Path, clock: Arc<ManualClock>) -> RedbStore {
    let database = Redb::open(path).unwrap();
    let store = KeyedStore::open_with_clock(database, clock);
    store.await.unwrap()
}

async fn fresh() -> Clocked<RedbStore> {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("auth.redb");
    let store = Clocked::open(async |clock| open(&path, clock).await);
    store.await.keeping(folder)
}

auth_testkit::store_suite!(fresh);

/// The process that is killed while it makes users; without a file, a test that does nothing.
#[tokio::test]
async fn child() {
    let Some(path) = std::env::var_os("OWN_STORE_FILE") else {
        return;
    };
    let store = open(path.as_ref(), Arc::new(ManualClock::at(NOW))).await;
    loop {
        let id = UserId::draw(NOW, &SystemRandom::new()).unwrap();
        let new = NewUser {
            id,
            tenant: TenantId::DEFAULT,
            identifier: Identifier::new(&id.to_string()).unwrap(),
            password_hash: None,
            password_policy: None,
            roles: vec![],
        };
        store.create_user(new).await.unwrap();
        eprintln!("made {id}");
    }
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_kill() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("auth.redb");
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "child", "--nocapture"]);
    command.env("OWN_STORE_FILE", &path).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let said = BufReader::new(child.stderr.take().unwrap()).lines();
    let made = said.filter_map(|line| line.unwrap().strip_prefix("made ").map(str::to_owned));
    let made: Vec<String> = made.take(50).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(made.len(), 50);
    let store = open(&path, Arc::new(ManualClock::at(NOW))).await;
    for id in made {
        let found = store.user(TenantId::DEFAULT, id.parse().unwrap()).await;
        assert!(found.unwrap().is_some(), "{id} was acknowledged");
    }
}
