//! Two processes: one has the file, and what it acknowledged survives it.
#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod sqlite_support;

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use auth_core::TenantId;
use auth_store::{Identifier, OpenError, SqliteStore, UserStore};
use sqlite_support::{create, place};

const PATH: &str = "AUTH_TEST_SQLITE_PATH";
const ACKNOWLEDGED: &str = "acknowledged ";

/// Not a test of its own: what the other process runs.
#[tokio::test]
async fn other_process() {
    let Some(path) = std::env::var_os(PATH) else {
        return;
    };
    let store = SqliteStore::open(path).await.unwrap();
    for number in 0.. {
        let name = format!("user{number}");
        create(&store, &name).await;
        println!("\n{ACKNOWLEDGED}{name}");
    }
}

#[tokio::test]
async fn a_file_of_another_process_is_refused_until_that_is_killed_and_nothing_is_lost() {
    for round in 0..3 {
        let (_directory, path) = place();
        let mut other = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "other_process", "--nocapture"])
            .env(PATH, &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(other.stdout.take().unwrap())
            .lines()
            .map(Result::unwrap);
        let mut acknowledged = Vec::new();
        let mut read =
            |line: String| acknowledged.extend(line.strip_prefix(ACKNOWLEDGED).map(str::to_owned));
        lines.by_ref().take(50 + 7 * round).for_each(&mut read);
        let refused = SqliteStore::open(&path).await.unwrap_err();
        assert!(matches!(refused, OpenError::InUse { .. }), "{refused:?}");

        other.kill().unwrap();
        other.wait().unwrap();
        lines.for_each(&mut read);
        assert!(acknowledged.len() > 10);
        let store = SqliteStore::open(&path).await.unwrap();
        for name in &acknowledged {
            let identifier = Identifier::new(name).unwrap();
            let found = store
                .find_user(TenantId::DEFAULT, &identifier)
                .await
                .unwrap();
            assert!(found.is_some(), "{name} was acknowledged and is gone");
        }
    }
}
