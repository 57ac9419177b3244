//! What is kept in the process: its bounds, and who is limited by them.

use std::sync::Arc;
use std::time::Duration;

use auth_core::throttle::{Charge, Decision, Limit, Quota, RateLimiter};
use auth_core::{ManualClock, Timestamp};

use super::MemoryRateLimiter;

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(Timestamp::from_unix_seconds(1_800_000_000)))
}

fn limit(name: &str, burst: u32, seconds: u64) -> Limit {
    let quota = Quota::new(burst, Duration::from_secs(seconds)).unwrap();
    Limit::new(name, quota)
}

async fn allows(limiter: &MemoryRateLimiter, limit: &Limit, subject: &[u8]) -> bool {
    let charge = Charge::new(limit, subject);
    limiter.check(charge).await.is_allowed()
}

#[tokio::test]
async fn subjects_and_limits_are_counted_apart_and_come_back() {
    let clock = clock();
    let limiter = MemoryRateLimiter::new().with_clock(clock.clone());
    let (one, other) = (limit("one", 2, 10), limit("other", 1, 10));
    let charges = [
        Charge::new(&one, b"a"),
        Charge::new(&one, b"b"),
        Charge::new(&other, b"a"),
        Charge::new(&one, b"a"),
        Charge::new(&one, b"a"),
    ];
    let decisions = limiter.check_all(&charges).await;
    let allowed = |remaining| Decision::Allowed { remaining };
    let retry_after = Duration::from_secs(5);
    let refused = Decision::Limited { retry_after };
    let expected = [allowed(1), allowed(1), allowed(0), allowed(0), refused];
    assert_eq!(decisions, expected);
    clock.advance(Duration::from_micros(4_999_999));
    assert!(!allows(&limiter, &one, b"a").await);
    clock.advance(Duration::from_micros(1));
    assert!(allows(&limiter, &one, b"a").await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_at_the_same_time_are_allowed_the_quota_exactly() {
    let limiter = Arc::new(MemoryRateLimiter::new().with_clock(clock()));
    let limit = Arc::new(limit("one", 37, 1));
    let tasks: Vec<_> = (0..200)
        .map(|_| {
            let (limiter, limit) = (limiter.clone(), limit.clone());
            tokio::spawn(async move { allows(&limiter, &limit, b"a").await })
        })
        .collect();
    let mut allowed = 0;
    for task in tasks {
        allowed += u32::from(task.await.unwrap());
    }
    assert_eq!(allowed, 37);
}

/// A million subjects that nobody has seen before: no more entries than there is room
/// for, known ones keep theirs, and the others together get what their places have.
#[tokio::test]
async fn a_flood_of_subjects_is_bounded_and_opens_nothing() {
    let clock = clock();
    let limiter = MemoryRateLimiter::new()
        .with_subjects(1_600)
        .with_clock(clock.clone());
    let limit = limit("one", 3, 60);
    for _ in 0..3 {
        assert!(allows(&limiter, &limit, b"known").await);
    }
    let mut allowed = 0_u32;
    for subject in 0..1_000_000_u32 {
        allowed += u32::from(allows(&limiter, &limit, &subject.to_be_bytes()).await);
    }
    let stats = limiter.stats();
    assert!(stats.subjects <= 1_600, "{stats:?}");
    assert!(stats.overflowed > 990_000, "{stats:?}");
    assert!(allowed <= 1_600 + 1_024 * 3, "{allowed}");
    assert!(!allows(&limiter, &limit, b"known").await, "it is forgotten");
    // Another limit has places of its own.
    let other = self::limit("other", 3, 60);
    assert!(allows(&limiter, &other, b"known").await);
    // What is past makes room.
    clock.advance(Duration::from_secs(60));
    for _ in 0..3 {
        assert!(allows(&limiter, &limit, b"known").await);
    }
    assert!(!allows(&limiter, &limit, b"known").await);
    for subject in 0..800_u32 {
        let subject = u64::from(subject).to_be_bytes();
        assert!(allows(&limiter, &limit, &subject).await);
    }
    assert_eq!(limiter.stats().overflowed, stats.overflowed + 1);
}

/// Who had to share, and then gets an entry, does not begin anew.
#[tokio::test]
async fn who_shared_a_place_takes_what_it_was_charged_along() {
    let clock = clock();
    let limiter = MemoryRateLimiter::new()
        .with_subjects(16)
        .with_clock(clock.clone());
    let (short, long) = (limit("short", 1, 1), limit("long", 4, 4_000));
    for subject in 0..10_000_u32 {
        allows(&limiter, &short, &subject.to_be_bytes()).await;
    }
    let mut before = 0;
    while allows(&limiter, &long, b"a").await {
        before += 1;
    }
    assert!(limiter.stats().overflowed > 9_000 && before == 4);
    // The entries of the short limit are past.
    clock.advance(Duration::from_secs(2));
    assert!(!allows(&limiter, &long, b"a").await);
    let overflowed = limiter.stats().overflowed;
    clock.advance(Duration::from_secs(998));
    assert!(allows(&limiter, &long, b"a").await);
    assert!(!allows(&limiter, &long, b"a").await);
    assert_eq!(limiter.stats().overflowed, overflowed);
}

/// However many limits there are, what is shared is bounded and limits.
#[tokio::test]
async fn more_limits_than_there_are_places_for_share_them() {
    let limiter = MemoryRateLimiter::new()
        .with_subjects(16)
        .with_clock(clock());
    for subject in 0..1_000_u32 {
        allows(&limiter, &limit("fill", 1, 60), &subject.to_be_bytes()).await;
    }
    let mut allowed = 0_u32;
    for name in 0..10_000_u32 {
        let limit = limit(&name.to_string(), 1, 60);
        allowed += u32::from(allows(&limiter, &limit, b"a").await);
    }
    // Of 16 shards, the places of 64 limits and the common ones.
    assert!(allowed <= 16 * (64 + 1 + 64), "{allowed}");
}
