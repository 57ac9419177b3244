//! Starting it: rightly, and in every wrong way a newcomer may find.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::fs;
use std::net::TcpListener;

use support::{Quickstart, command};

/// What it says on its standard error when it fails.
async fn complaint(args: &[&str]) -> String {
    let output = command(args).output().await.unwrap();
    assert!(!output.status.success(), "{args:?} succeeded");
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(!text.contains("panicked"), "{text}");
    text
}

#[tokio::test]
async fn the_demo_walks_the_whole_path() {
    let output = command(&["--demo"]).output().await.unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success(),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    for step in [
        "sign up",
        "log in",
        "refresh",
        "change the password",
        "log out",
    ] {
        assert!(text.contains(&format!("\n{step}\n")), "{text}");
    }
    assert!(text.ends_with("All as it should be.\n"), "{text}");
}

#[tokio::test]
async fn a_taken_port_is_named_and_leaves_no_file() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("a.db");
    let text = complaint(&["--port", &port, "--database", database.to_str().unwrap()]).await;
    assert!(text.contains(&port) && text.contains("--port"), "{text}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_path_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    for bad in ["no/such/folder/a.db", ""] {
        let path = folder.path().join(bad);
        let text = complaint(&["--port", "0", "--database", path.to_str().unwrap()]).await;
        assert!(text.contains(path.to_str().unwrap()), "{text}");
    }
}

#[tokio::test]
async fn a_file_that_is_no_database_is_named_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.db");
    let notes = "my notes, not a database\n".repeat(1000);
    fs::write(&path, &notes).unwrap();
    let text = complaint(&["--port", "0", "--database", path.to_str().unwrap()]).await;
    assert!(text.contains("notes.db"), "{text}");
    assert_eq!(fs::read_to_string(&path).unwrap(), notes);
}

#[tokio::test]
async fn a_second_start_on_the_same_file_is_refused_until_the_first_has_ended() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("a.db");
    let first = Quickstart::start(&database, "warn").await;
    let text = complaint(&["--port", "0", "--database", database.to_str().unwrap()]).await;
    assert!(text.contains("in use"), "{text}");
    first.kill_9().await;
    Quickstart::start(&database, "warn").await;
}

#[tokio::test]
async fn another_root_secret_than_the_databases_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("a.db");
    Quickstart::start(&database, "warn").await.kill_9().await;
    fs::remove_file(database.with_extension("secret")).unwrap();
    let text = complaint(&["--port", "0", "--database", database.to_str().unwrap()]).await;
    assert!(text.contains("root secret"), "{text}");
}

#[tokio::test]
async fn unknown_and_incomplete_arguments_are_named() {
    assert!(complaint(&["--prot"]).await.contains("--prot"));
    assert!(
        complaint(&["--port"])
            .await
            .contains("--port needs a value")
    );
    assert!(complaint(&["--port", "99999"]).await.contains("99999"));
}
