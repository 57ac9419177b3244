//! Three users, three greetings.

use std::collections::HashSet;

use tokio::process::Command;

#[tokio::test]
async fn each_user_is_greeted_once() {
    let example = Command::new(env!("CARGO_BIN_EXE_event-consumer"));
    let output = { example }.output().await.unwrap();
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stdout).unwrap();
    let greetings: Vec<_> = said.lines().collect();
    assert!(greetings.iter().all(|line| line.starts_with("Welcome, ")));
    let users: HashSet<_> = greetings.iter().collect();
    assert_eq!((greetings.len(), users.len()), (3, 3), "{said}");
}
