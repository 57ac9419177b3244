//! A second level that does not answer, or does not speak.

use std::sync::Arc;

use auth_cache::tier::Json;
use auth_cache::tiered::{BreakerState, Origin, Reason};

use super::flaky::{Flaky, Health};
use super::second_level::{built, memory, origin, over};
use super::support::{Source, millis, pass, seconds, settle};

#[tokio::test(start_paused = true)]
async fn a_tier_that_does_not_answer_costs_its_deadline_and_then_nothing() {
    let source = Source::default();
    let flaky = Flaky::new(memory());
    let tier = Arc::new(flaky.clone());
    let builder = source.plain().with_tier(tier, Json::new(1));
    let cache = built(builder.with_untailed_age(seconds(60))).await;
    flaky.is(Health::Hangs);
    for key in 0..5 {
        let began = tokio::time::Instant::now();
        assert_eq!(cache.get(&key).await.unwrap(), None);
        assert_eq!(began.elapsed(), millis(200));
    }
    assert_eq!(cache.stats().breaker, Some(BreakerState::Open));
    let calls = flaky.calls();
    let began = tokio::time::Instant::now();
    for key in 5..50 {
        assert_eq!(cache.get(&key).await.unwrap(), None);
    }
    assert_eq!((began.elapsed(), flaky.calls()), (millis(0), calls));
    assert_eq!(cache.stats().tier_skipped, 45);

    // A second later one finds out that it is well again, and all use it.
    pass(seconds(1)).await;
    flaky.is(Health::Well);
    assert_eq!(cache.get(&50).await.unwrap(), None);
    assert_eq!(cache.stats().breaker, Some(BreakerState::Closed));
    source.set(51, 510);
    assert_eq!(cache.get(&51).await.unwrap(), Some(510));
    settle().await;
    assert_eq!(cache.stats().tier_fills, 1);
}

#[tokio::test(start_paused = true)]
async fn without_a_breaker_the_tier_is_asked_each_time() {
    let source = Source::default();
    let flaky = Flaky::new(memory());
    let tier = Arc::new(flaky.clone());
    let builder = source.plain().with_tier(tier, Json::new(1));
    let builder = builder.without_breaker().with_tier_deadline(millis(50));
    let cache = built(builder).await;
    flaky.is(Health::Hangs);
    let began = tokio::time::Instant::now();
    for key in 0..20 {
        assert_eq!(cache.get(&key).await.unwrap(), None);
    }
    assert_eq!((flaky.calls(), began.elapsed()), (20, seconds(1)));
}

#[tokio::test(start_paused = true)]
async fn an_invalidation_that_the_tier_did_not_hear_is_told_until_it_does() {
    for health in [Health::Fails, Health::Hangs, Health::LosesAnswers] {
        let (memory, source) = (memory(), Source::default());
        let flaky = Flaky::new(memory.handle());
        let tier = Arc::new(flaky.clone());
        let builder = source.set(1, 10).plain().with_tier(tier, Json::new(1));
        let cache = built(builder).await;
        let other = built(over(&memory, &source)).await;
        for cache in [&cache, &other] {
            assert_eq!(origin(cache).await.0, Some(10));
        }
        source.set(1, 11);
        flaky.is(health);
        let unavailable = cache.invalidate(&1).await.unwrap_err();
        assert_eq!(unavailable.reason(), Reason::Tier);
        flaky.is(Health::Well);
        // The tier may still have 10, and this process knows.
        assert_eq!(
            origin(&cache).await,
            (Some(11), Origin::Source),
            "{health:?}"
        );
        pass(seconds(2)).await;
        assert_eq!(other.peek(&1), None, "it has been told");
        assert_eq!(origin(&other).await, (Some(11), Origin::Source));
        let third = built(over(&memory, &source)).await;
        assert_eq!(origin(&third).await, (Some(11), Origin::Tier));
    }
}

#[tokio::test(start_paused = true)]
async fn one_who_does_not_wait_for_an_invalidation_has_done_it_all_the_same() {
    let (tier, source) = (memory(), Source::default());
    let one = built(over(&tier, source.set(1, 10))).await;
    let other = built(over(&tier, &source)).await;
    for cache in [&one, &other] {
        assert_eq!(origin(cache).await.0, Some(10));
    }
    source.set(1, 11);
    drop(one.invalidate(&1));
    assert_eq!(one.get(&1).await.unwrap(), Some(11), "at once");
    settle().await;
    assert_eq!(other.get(&1).await.unwrap(), Some(11));
}

#[tokio::test(start_paused = true)]
async fn a_process_that_hears_nothing_does_not_trust_its_memory() {
    let (memory, source) = (memory(), Source::default());
    let flaky = Flaky::new(memory.handle());
    let tier = Arc::new(flaky.clone());
    let builder = source.set(1, 10).plain().with_tier(tier, Json::new(1));
    let cache = built(builder).await;
    let other = built(over(&memory, &source)).await;
    assert_eq!(origin(&cache).await, (Some(10), Origin::Source));
    assert_eq!(origin(&cache).await, (Some(10), Origin::Memory));

    flaky.goes_deaf();
    settle().await;
    assert_eq!(cache.stats().hears, Some(false));
    assert_eq!(origin(&cache).await, (Some(10), Origin::Tier));
    source.set(1, 11);
    other.invalidate(&1).await.unwrap();
    assert_eq!(origin(&cache).await, (Some(11), Origin::Source));
    assert!(cache.stats().untrusted >= 2);

    flaky.hears_again();
    pass(seconds(1)).await;
    assert_eq!(cache.stats().hears, Some(true));
    assert_eq!(cache.peek(&1), None, "what it did not hear of may be in it");
    assert_eq!(origin(&cache).await, (Some(11), Origin::Tier));
    assert_eq!(origin(&cache).await, (Some(11), Origin::Memory));
}

/// A new process: it may have missed an invalidation before it heard anything, and keeps
/// nothing of that time. The tier has missed none.
#[tokio::test(start_paused = true)]
async fn a_load_from_before_a_process_hears_is_of_use_to_others() {
    let (memory, source) = (memory(), Source::default());
    let flaky = Flaky::new(memory.handle());
    flaky.goes_deaf();
    let tier = Arc::new(flaky.clone());
    source.set(1, 10).close_gate();
    let cache = built(source.plain().with_tier(tier, Json::new(1))).await;
    let load = tokio::spawn({
        let cache = cache.clone();
        async move { cache.get(&1).await.unwrap() }
    });
    settle().await;
    flaky.hears_again();
    pass(seconds(1)).await;
    assert_eq!(cache.stats().hears, Some(true));
    source.let_through(1);
    assert_eq!(load.await.unwrap(), Some(10));
    settle().await;
    let stats = cache.stats();
    assert_eq!((stats.rejected, stats.tier_fills), (1, 1), "{stats:?}");
    assert_eq!(cache.peek(&1), None);
    for cache in [&cache, &built(over(&memory, &source)).await] {
        assert_eq!(origin(cache).await, (Some(10), Origin::Tier));
    }
}

/// What the tier has not been told of is not put there either.
#[tokio::test(start_paused = true)]
async fn a_load_that_an_untold_invalidation_has_overtaken_is_of_no_use_to_others() {
    let (memory, source) = (memory(), Source::default());
    let flaky = Flaky::new(memory.handle());
    let tier = Arc::new(flaky.clone());
    source.set(1, 10).close_gate();
    let cache = built(source.plain().with_tier(tier, Json::new(1))).await;
    let load = tokio::spawn({
        let cache = cache.clone();
        async move { cache.get(&1).await.unwrap() }
    });
    settle().await;
    source.set(1, 11);
    flaky.is(Health::Fails);
    assert_eq!(
        cache.invalidate(&1).await.unwrap_err().reason(),
        Reason::Tier
    );
    flaky.is(Health::Well);
    source.let_through(10);
    assert_eq!(load.await.unwrap(), Some(10), "it was asked before");
    settle().await;
    assert_eq!(cache.stats().tier_fills, 0);
    let other = built(over(&memory, &source)).await;
    assert_eq!(origin(&other).await, (Some(11), Origin::Source));
}

#[tokio::test(start_paused = true)]
async fn for_so_long_as_it_was_told_a_deaf_process_trusts_its_memory() {
    let source = Source::default();
    let flaky = Flaky::new(memory());
    let tier = Arc::new(flaky.clone());
    let builder = source.set(1, 10).plain().with_tier(tier, Json::new(1));
    let cache = built(builder.with_untailed_age(seconds(2))).await;
    flaky.goes_deaf();
    flaky.is(Health::Fails);
    settle().await;
    assert_eq!(origin(&cache).await, (Some(10), Origin::Source));
    pass(millis(1_999)).await;
    assert_eq!(origin(&cache).await, (Some(10), Origin::Memory));
    pass(millis(1)).await;
    assert_eq!(origin(&cache).await, (Some(10), Origin::Source));
}
