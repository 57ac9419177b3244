//! Who hears of it.

use std::collections::HashSet;
use std::time::Duration;

use auth_cache::tier::{Invalidated, Tail};

use super::Subject;
use super::world::{of_space, process, tag};

/// Longer than any delivery takes that works.
const DELIVERY: Duration = Duration::from_secs(10);

async fn hears(tail: &mut dyn Tail, mut missing: HashSet<Invalidated>) {
    let listening = async {
        while !missing.is_empty() {
            for what in tail.next().await.unwrap() {
                missing.remove(&what);
            }
        }
    };
    let heard = tokio::time::timeout(DELIVERY, listening).await;
    assert!(heard.is_ok(), "nobody was told of {missing:?}");
}

/// What a process invalidates, the others are told.
pub async fn what_one_process_invalidates_the_others_hear(subject: &dyn Subject) {
    let (one, other) = (process(subject).await, process(subject).await);
    let mut tail = other.tier.tail(&other.space).await.unwrap();
    let all = [
        Invalidated::Key(b"\0\xff".as_slice().into()),
        Invalidated::Tag(tag("a")),
        Invalidated::All,
    ];
    for what in &all {
        one.invalidate(what.clone()).await;
    }
    hears(&mut *tail, all.into_iter().collect()).await;
}

/// All of what is invalidated at once.
pub async fn a_batch_of_invalidations_is_heard_whole(subject: &dyn Subject) {
    let (one, other) = (process(subject).await, process(subject).await);
    let mut tail = other.tier.tail(&other.space).await.unwrap();
    let all: Vec<_> = (0..100_u8)
        .map(|key| Invalidated::Key([key].as_slice().into()))
        .collect();
    one.tier.invalidate(&one.space, &all).await.unwrap();
    hears(&mut *tail, all.into_iter().collect()).await;
}

/// A cache hears of its own namespace.
pub async fn a_tail_is_of_its_namespace(subject: &dyn Subject) {
    let one = of_space(subject, "one", 1).await;
    let other = of_space(subject, "other", 1).await;
    let listener = of_space(subject, "one", 1).await;
    let mut tail = listener.tier.tail(&listener.space).await.unwrap();
    other.invalidate_key(b"stranger's").await;
    one.invalidate_key(b"own").await;
    let own = Invalidated::Key(b"own".as_slice().into());
    let first = tokio::time::timeout(DELIVERY, tail.next()).await;
    assert_eq!(first.unwrap().unwrap(), [own]);
}
