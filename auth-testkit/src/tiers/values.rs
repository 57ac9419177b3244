//! What is stored.

use std::time::Duration;

use super::Subject;
use super::world::{ask, fill, process, record};

/// A value is found by every process as it was stored.
pub async fn what_was_filled_is_found_unchanged(subject: &dyn Subject) {
    let (one, other) = (process(subject).await, process(subject).await);
    let (all, long): (Vec<u8>, _) = ((0..=255).collect(), vec![0; 100_000]);
    for (nonce, value) in (1..).zip([&b""[..], b"value", &all, &long]) {
        let key = [nonce];
        one.load(&ask(&key, nonce), value).await;
        for process in [&one, &other] {
            let found = process.found(&ask(&key, 99)).await;
            assert!(found.value == value, "of {} bytes", value.len());
            assert_eq!(found.cost, Duration::from_millis(7));
        }
    }
}

/// Time passes for what is stored: it has less to live, and is older.
pub async fn a_value_grows_older_and_ends(subject: &dyn Subject) {
    let process = process(subject).await;
    let asked = ask(b"1", 1);
    let mut short = record(b"value");
    short.lives = Duration::from_secs(3);
    short.age = Duration::from_secs(20);
    let versions = process.granted(&asked).await;
    process.fill(&fill(&asked, &versions, Some(short))).await;
    subject.pass(Duration::from_millis(1_200)).await;
    let found = process.found(&asked).await;
    let close = |found: Duration, expected: u64| {
        found.abs_diff(Duration::from_millis(expected)) < Duration::from_millis(700)
    };
    assert!(close(found.lives, 1_800), "lives {:?}", found.lives);
    assert!(close(found.age, 21_200), "age {:?}", found.age);
    subject.pass(Duration::from_secs(2)).await;
    assert!(!process.has(&asked).await, "it has ended");
}

/// A fill of a held lease replaces what was there.
pub async fn what_is_loaded_later_replaces_what_was_there(subject: &dyn Subject) {
    let process = process(subject).await;
    process.load(&ask(b"1", 1), b"old").await;
    process.invalidate_key(b"1").await;
    process.load(&ask(b"1", 2), b"new").await;
    assert_eq!(process.found(&ask(b"1", 3)).await.value, b"new");
}
