//! Tags and their versions.

use auth_cache::tier::{Ask, Invalidated};

use super::Subject;
use super::world::{ask, fill, process, record, tag};

fn tagged(key: &[u8], nonce: u8, tags: &[&str]) -> Ask {
    let mut ask = ask(key, nonce);
    ask.tags = tags.iter().map(|name| tag(name)).collect();
    ask
}

/// Invalidating a tag ends what has it, and nothing else.
pub async fn a_tag_ends_what_has_it(subject: &dyn Subject) {
    let (one, other) = (process(subject).await, process(subject).await);
    one.load(&tagged(b"1", 1, &["a", "b"]), b"value").await;
    one.load(&tagged(b"2", 2, &["b"]), b"value").await;
    one.load(&ask(b"3", 3), b"value").await;
    assert!(other.has(&tagged(b"1", 9, &["a", "b"])).await);
    other.invalidate(Invalidated::Tag(tag("a"))).await;
    assert!(!one.has(&tagged(b"1", 9, &["a", "b"])).await);
    assert!(one.has(&tagged(b"2", 9, &["b"])).await);
    assert!(one.has(&ask(b"3", 9)).await);
}

/// The tags are those of the value: one who asks without knowing them, as a process of
/// another version may, is not given what one of them has ended.
pub async fn the_tags_of_a_value_count_whoever_asks(subject: &dyn Subject) {
    let (one, other) = (process(subject).await, process(subject).await);
    one.load(&tagged(b"1", 1, &["a", "b"]), b"value").await;
    assert!(other.has(&ask(b"1", 8)).await);
    one.invalidate(Invalidated::Tag(tag("b"))).await;
    assert!(!other.has(&ask(b"1", 9)).await);
    assert!(!other.has(&tagged(b"1", 10, &["a"])).await);
}

/// The versions are those from before the load: a value that was loaded before a tag's
/// invalidation, and stored after it, is a miss.
pub async fn a_load_that_a_tag_s_invalidation_overtook_is_not_found(subject: &dyn Subject) {
    let (one, other) = (process(subject).await, process(subject).await);
    let asked = tagged(b"1", 1, &["a"]);
    let versions = one.granted(&asked).await;
    assert_eq!(versions.len(), 1, "a version for each tag");
    other.invalidate(Invalidated::Tag(tag("a"))).await;
    one.fill(&fill(&asked, &versions, Some(record(b"old"))))
        .await;
    assert!(!other.has(&tagged(b"1", 2, &["a"])).await);
}

/// A tag of which nothing is known has no version that was ever stored with a value.
pub async fn a_tag_that_was_lost_is_a_miss_and_its_versions_never_return(subject: &dyn Subject) {
    let process = process(subject).await;
    let asked = tagged(b"1", 1, &["a"]);
    let before = process.granted(&asked).await;
    subject.lose_everything().await;
    let asked = tagged(b"1", 2, &["a"]);
    let after = process.granted(&asked).await;
    assert!(after > before, "{after:?} comes after {before:?}");
    // As one would that had been stored before the loss, and survived it.
    process
        .fill(&fill(&asked, &before, Some(record(b"old"))))
        .await;
    assert!(!process.has(&tagged(b"1", 3, &["a"])).await);
}

/// Each invalidation of a tag is a new version, however often it comes.
pub async fn a_tag_may_be_invalidated_again_and_again(subject: &dyn Subject) {
    let process = process(subject).await;
    for nonce in 1..6 {
        let asked = tagged(b"1", nonce, &["a"]);
        process.load(&asked, &[nonce]).await;
        assert_eq!(process.found(&asked).await.value, [nonce]);
        process.invalidate(Invalidated::Tag(tag("a"))).await;
    }
    assert!(!process.has(&tagged(b"1", 9, &["a"])).await);
}
