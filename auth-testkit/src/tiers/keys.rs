//! Whose a value is.

use auth_cache::tier::Invalidated;

use super::Subject;
use super::world::{ask, of_space, process, tag};

/// Keys are bytes, and one is never taken for another.
pub async fn keys_are_whatever_bytes(subject: &dyn Subject) {
    let process = process(subject).await;
    let keys: [&[u8]; 9] = [
        b"",
        b"1",
        b"1 ",
        b" 1",
        b"1:",
        b"\0",
        b"1\0",
        b"{1}",
        b"\xff\n\r",
    ];
    for (nonce, key) in (1..).zip(keys) {
        process.load(&ask(key, nonce), &[nonce]).await;
    }
    for (nonce, key) in (1..).zip(keys) {
        let found = process.found(&ask(key, 99)).await;
        assert_eq!(found.value, [nonce], "of {key:?}");
    }
    process.invalidate_key(b"1").await;
    for (nonce, key) in (1..).zip(keys) {
        assert_eq!(process.has(&ask(key, 99)).await, nonce != 2, "{key:?}");
    }
}

/// A cache reads nothing of another name or schema, however they are put together.
pub async fn a_namespace_keeps_to_itself(subject: &dyn Subject) {
    let spaces = [("a", 1), ("a", 11), ("a1", 1), ("a:1", 1), ("", 1)];
    for (nonce, (cache, schema)) in (1..).zip(spaces) {
        let process = of_space(subject, cache, schema).await;
        process.load(&ask(b"1:1", nonce), &[nonce]).await;
    }
    for (nonce, (cache, schema)) in (1..).zip(spaces) {
        let process = of_space(subject, cache, schema).await;
        let found = process.found(&ask(b"1:1", 99)).await;
        assert_eq!(found.value, [nonce], "of {cache} {schema}");
        assert!(!process.has(&ask(b"1", 99)).await);
    }
}

/// Everything is everything of one namespace: also what is being loaded.
pub async fn everything_is_that_of_its_namespace(subject: &dyn Subject) {
    let (one, other) = (
        of_space(subject, "one", 1).await,
        of_space(subject, "other", 1).await,
    );
    let mut tagged = ask(b"1", 1);
    tagged.tags = vec![tag("a")];
    for process in [&one, &other] {
        process.load(&tagged, b"value").await;
        process.granted(&ask(b"2", 2)).await;
    }
    one.invalidate(Invalidated::All).await;
    assert!(!one.has(&tagged).await && other.has(&tagged).await);
    one.granted(&ask(b"2", 3)).await;
    one.invalidate(Invalidated::Tag(tag("a"))).await;
    assert!(other.has(&tagged).await, "a tag too is of its namespace");
}
