//! What happens around expiry.

use std::time::Duration;

use auth_cache::tiered::{Cache, Origin, Reason, TtlClass, Unavailable};
use auth_core::Deadline;
use tokio::task::JoinHandle;

use super::support::{Mood, Source, millis, pass, seconds, settle};

fn soon(cache: &Cache<u32, u64>) -> Deadline {
    cache.deadline(millis(100))
}

async fn origin(cache: &Cache<u32, u64>) -> (Option<u64>, Origin) {
    let found = cache.get_by(&1, soon(cache)).await.unwrap();
    (found.value, found.origin)
}

#[tokio::test(start_paused = true)]
async fn jitter_spreads_what_was_loaded_together() {
    let source = Source::of_batches(1_000);
    source.set_all(0..1_000);
    let builder = source.builder().without_early_refresh();
    let cache = builder.with_ttl(TtlClass::Short).build().unwrap();
    cache.warm_up(0..1_000).await;
    let mut left = Vec::new();
    for _ in 0..31 {
        left.push((0..1_000).filter(|key| cache.peek(key).is_some()).count());
        pass(seconds(1)).await;
    }
    assert_eq!(
        (left[26], left[30]),
        (1_000, 0),
        "a tenth of 30 s, downwards"
    );
    assert!((500..900).contains(&left[28]), "{left:?}");
    assert!((150..500).contains(&left[29]), "{left:?}");
}

#[tokio::test(start_paused = true)]
async fn a_hot_key_is_loaded_again_before_it_expires_and_nobody_waits() {
    let source = Source::default();
    source.set(1, 10).takes(millis(50));
    let builder = source.builder().without_jitter();
    let cache = builder.with_ttl(TtlClass::Short).build().unwrap();
    cache.get(&1).await.unwrap();
    source.set(1, 11);
    // A read a millisecond, in the last second of 30: the likelihood that none of
    // them refreshes is e^-1000 or so.
    pass(millis(28_950)).await;
    let mut refreshed_at = None;
    for step in 0..1_000 {
        let (value, origin) = origin(&cache).await;
        assert_eq!(origin, Origin::Memory, "at {step} ms");
        if value == Some(11) {
            refreshed_at.get_or_insert(step);
        }
        pass(millis(1)).await;
    }
    assert!(refreshed_at.is_some());
    assert_eq!(cache.stats().early_refreshes, 1);
    assert_eq!(source.keys_asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_refresh_that_fails_is_tried_again_and_extends_nothing() {
    let source = Source::default();
    source.set(1, 10).takes(millis(500));
    let builder = source.builder().without_jitter();
    let cache = builder.with_ttl(TtlClass::Short).build().unwrap();
    cache.get(&1).await.unwrap();
    source.is_in(Mood::Fails);
    pass(seconds(20)).await;
    for _ in 0..94 {
        assert_eq!(origin(&cache).await, (Some(10), Origin::Memory));
        pass(millis(100)).await;
    }
    let tried = cache.stats().early_refreshes;
    assert!((1..=10).contains(&tried), "{tried} tries in 9.4 s");
    pass(seconds(1)).await;
    assert!(cache.get(&1).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_stale_value_is_served_while_it_is_loaded_again() {
    let source = Source::default();
    source.set(1, 10).takes(millis(50));
    let builder = source.plain().with_ttl(TtlClass::Short);
    let builder = builder.with_stale_while_revalidate(seconds(10));
    let cache = builder.build().unwrap();
    cache.get(&1).await.unwrap();
    source.set(1, 11);
    pass(seconds(35)).await;
    for _ in 0..3 {
        assert_eq!(origin(&cache).await, (Some(10), Origin::Stale));
    }
    pass(millis(50)).await;
    assert_eq!(origin(&cache).await, (Some(11), Origin::Memory));
    assert_eq!((source.keys_asked(), cache.stats().stale_served), (2, 3));
    // Beyond the window everybody waits.
    pass(seconds(41)).await;
    assert_eq!(origin(&cache).await, (Some(11), Origin::Source));
}

#[tokio::test(start_paused = true)]
async fn an_expired_value_is_served_if_it_cannot_be_loaded() {
    let source = Source::default();
    let builder = source.set(1, 10).plain().with_ttl(TtlClass::Short);
    let cache = builder.with_stale_if_error(seconds(60)).build().unwrap();
    cache.get(&1).await.unwrap();
    pass(seconds(31)).await;
    source.is_in(Mood::Fails);
    assert_eq!(origin(&cache).await, (Some(10), Origin::StaleIfError));
    for _ in 0..10 {
        assert_eq!(origin(&cache).await, (Some(10), Origin::StaleIfError));
    }
    assert_eq!(
        source.keys_asked(),
        2,
        "a source that is down is left alone"
    );
    assert_eq!(cache.stats().stale_if_error_served, 11);
    pass(seconds(1)).await;
    source.is_in(Mood::Answers).set(1, 11);
    assert_eq!(origin(&cache).await, (Some(11), Origin::Source));
    source.is_in(Mood::Fails);
    pass(seconds(91)).await;
    let unavailable = cache.get(&1).await.unwrap_err();
    assert_eq!(unavailable.reason(), Reason::Source, "the window is over");
}

#[tokio::test(start_paused = true)]
async fn a_caller_in_a_hurry_is_served_the_expired_value() {
    let source = Source::default();
    let builder = source.set(1, 10).plain().with_ttl(TtlClass::Short);
    let cache = builder.with_stale_if_error(seconds(60)).build().unwrap();
    cache.get(&1).await.unwrap();
    pass(seconds(31)).await;
    source.set(1, 11).takes(seconds(1));
    assert_eq!(origin(&cache).await, (Some(10), Origin::StaleIfError));
    pass(seconds(1)).await;
    assert_eq!(origin(&cache).await, (Some(11), Origin::Memory));
}

#[tokio::test(start_paused = true)]
async fn nothing_that_was_invalidated_is_served_stale() {
    for window in [Window::Revalidate, Window::Error] {
        let source = Source::default();
        let builder = source.set(1, 10).plain().with_ttl(TtlClass::Short);
        let builder = match window {
            Window::Revalidate => builder.with_stale_while_revalidate(seconds(600)),
            Window::Error => builder.with_stale_if_error(seconds(600)),
        };
        let cache = builder.build().unwrap();
        cache.get(&1).await.unwrap();
        pass(seconds(31)).await;
        cache.invalidate(&1).await.unwrap();
        source.is_in(Mood::Fails);
        assert!(cache.get(&1).await.is_err(), "{window:?}");
    }
}

/// A caller who came when the value had ended, and whose load fails in a while.
async fn waits_for_a_load_that_fails(
    source: &Source,
    cache: &Cache<u32, u64>,
) -> JoinHandle<Result<Option<u64>, Unavailable>> {
    pass(seconds(31)).await;
    source.takes(millis(50)).is_in(Mood::Fails);
    let cache = cache.clone();
    let waits = tokio::spawn(async move { cache.get(&1).await });
    settle().await;
    waits
}

/// Also not to one who came before the invalidation and waits.
#[tokio::test(start_paused = true)]
async fn a_value_that_is_invalidated_during_the_load_is_no_fallback() {
    let source = Source::default();
    let builder = source.set(1, 10).plain().with_ttl(TtlClass::Short);
    let cache = builder.with_stale_if_error(seconds(60)).build().unwrap();
    source.set_tagged(1, 10, "all");
    cache.get(&1).await.unwrap();
    let waits = waits_for_a_load_that_fails(&source, &cache).await;
    let tag = auth_cache::tiered::Tag::new("all");
    cache.invalidate_tag(&tag).await.unwrap();
    assert!(waits.await.unwrap().is_err());
}

#[derive(Clone, Copy, Debug)]
enum Window {
    Revalidate,
    Error,
}

/// The times that a key is given, load by load.
async fn times(cache: &Cache<u32, u64>) -> Duration {
    cache.get(&1).await.unwrap();
    let mut time = Duration::ZERO;
    while cache.peek(&1).is_some() {
        pass(seconds(1)).await;
        time += seconds(1);
    }
    time
}

#[tokio::test(start_paused = true)]
async fn what_does_not_change_lives_longer_and_what_does_shorter() {
    let source = Source::default();
    let builder = source.set(1, 10).plain().with_adaptive_ttl();
    let cache = builder.build().unwrap();
    for expected in [75, 150, 300, 300] {
        assert_eq!(times(&cache).await, seconds(expected));
    }
    for (value, expected) in [(11, 150), (12, 75), (13, 38), (14, 19), (15, 19)] {
        source.set(1, value);
        assert_eq!(times(&cache).await, seconds(expected));
    }
    assert_eq!(cache.stats().ttl_adapted, 6);
}

/// Nor one whose key is invalidated while its caller waits.
#[tokio::test(start_paused = true)]
async fn a_key_that_is_invalidated_during_the_load_has_no_fallback() {
    let source = Source::default();
    let builder = source.set(1, 10).plain().with_ttl(TtlClass::Short);
    let cache = builder.with_stale_if_error(seconds(60)).build().unwrap();
    cache.get(&1).await.unwrap();
    let waits = waits_for_a_load_that_fails(&source, &cache).await;
    cache.invalidate(&1).await.unwrap();
    assert!(waits.await.unwrap().is_err());
}
