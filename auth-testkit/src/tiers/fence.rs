//! Fills that come too late.

use auth_cache::tier::Invalidated;

use super::Subject;
use super::world::{LEASE, ask, fill, process, record};

/// Only the load that was granted the lease fills.
pub async fn a_fill_by_another_nonce_changes_nothing(subject: &dyn Subject) {
    let (one, other) = (process(subject).await, process(subject).await);
    one.granted(&ask(b"1", 1)).await;
    let stranger = fill(&ask(b"1", 2), &[], Some(record(b"stranger")));
    assert!(!other.fill(&stranger).await);
    assert!(!other.has(&ask(b"1", 3)).await);
    let own = fill(&ask(b"1", 1), &[], Some(record(b"own")));
    assert!(one.fill(&own).await, "the lease is still held");
    assert_eq!(other.found(&ask(b"1", 3)).await.value, b"own");
}

/// What was loaded before an invalidation is not stored after it, whoever invalidated.
pub async fn a_fill_after_an_invalidation_changes_nothing(subject: &dyn Subject) {
    let (one, other) = (process(subject).await, process(subject).await);
    let asked = ask(b"1", 1);
    one.granted(&asked).await;
    other.invalidate_key(b"1").await;
    assert!(!one.fill(&fill(&asked, &[], Some(record(b"old")))).await);
    assert!(!other.has(&ask(b"1", 2)).await);
}

/// Nor one after an invalidation of everything, or of a tag: the value may be taken, but
/// nobody is given it.
pub async fn a_fill_after_everything_was_invalidated_is_not_found(subject: &dyn Subject) {
    let (one, other) = (process(subject).await, process(subject).await);
    let asked = ask(b"1", 1);
    one.granted(&asked).await;
    other.invalidate(Invalidated::All).await;
    one.fill(&fill(&asked, &[], Some(record(b"old")))).await;
    assert!(!other.has(&ask(b"1", 2)).await);
    assert!(!one.has(&ask(b"1", 3)).await);
}

/// Nor if somebody has begun to load the new value meanwhile, and not if that has been
/// stored.
pub async fn a_fill_after_another_load_began_changes_nothing(subject: &dyn Subject) {
    let (one, other) = (process(subject).await, process(subject).await);
    let (old, new) = (ask(b"1", 1), ask(b"1", 2));
    one.granted(&old).await;
    other.invalidate_key(b"1").await;
    other.granted(&new).await;
    assert!(!one.fill(&fill(&old, &[], Some(record(b"old")))).await);
    assert!(!one.fill(&fill(&old, &[], None)).await, "it ends no lease");
    assert!(other.fill(&fill(&new, &[], Some(record(b"new")))).await);
    assert!(!one.fill(&fill(&old, &[], Some(record(b"old")))).await);
    assert_eq!(one.found(&ask(b"1", 3)).await.value, b"new");
}

/// A lease that ended was not the load's any more when somebody else was granted it.
pub async fn a_fill_after_the_lease_went_to_another_changes_nothing(subject: &dyn Subject) {
    let (one, other) = (process(subject).await, process(subject).await);
    let (slow, quick) = (ask(b"1", 1), ask(b"1", 2));
    one.granted(&slow).await;
    subject.pass(LEASE * 2).await;
    other.load(&quick, b"new").await;
    assert!(!one.fill(&fill(&slow, &[], Some(record(b"old")))).await);
    assert_eq!(one.found(&ask(b"1", 3)).await.value, b"new");
}

/// An eviction or a restart may have taken an invalidation away with everything else.
pub async fn a_fill_after_everything_was_lost_changes_nothing(subject: &dyn Subject) {
    let process = process(subject).await;
    let asked = ask(b"1", 1);
    process.granted(&asked).await;
    subject.lose_everything().await;
    assert!(!process.fill(&fill(&asked, &[], Some(record(b"old")))).await);
    assert!(!process.has(&ask(b"1", 2)).await);
}

/// A lease is used up by its fill: one that is sent twice, and arrives late the second
/// time, does no harm.
pub async fn a_fill_counts_once(subject: &dyn Subject) {
    let process = process(subject).await;
    let asked = ask(b"1", 1);
    process.granted(&asked).await;
    let twice = fill(&asked, &[], Some(record(b"value")));
    assert!(process.fill(&twice).await);
    assert!(!process.fill(&twice).await);
}
