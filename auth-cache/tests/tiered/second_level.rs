//! Several processes over one tier: each has a cache of its own, and all one source.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use auth_cache::tier::{Json, MemoryTier};
use auth_cache::tiered::{Cache, CacheBuilder, Origin, Tag, TtlClass};
use tokio::task::JoinSet;

use super::flaky::Flaky;
use super::support::{Mood, Source, TokioClock, millis, pass, seconds, settle};

pub(super) type Numbers = Cache<u32, u64>;

pub(super) fn memory() -> MemoryTier {
    MemoryTier::with_clock(Arc::new(TokioClock::default()))
}

pub(super) fn over(tier: &MemoryTier, source: &Source) -> CacheBuilder<u32, u64> {
    source
        .plain()
        .with_tier(Arc::new(tier.handle()), Json::new(1))
}

pub(super) async fn built(builder: CacheBuilder<u32, u64>) -> Numbers {
    let cache = builder.build().unwrap();
    settle().await;
    cache
}

pub(super) async fn origin(cache: &Numbers) -> (Option<u64>, Origin) {
    let by = cache.deadline(seconds(60));
    let found = cache.get_by(&1, by).await.unwrap();
    settle().await;
    (found.value, found.origin)
}

#[tokio::test(start_paused = true)]
async fn three_processes_that_miss_one_key_load_it_once() {
    let (tier, source) = (memory(), Source::default());
    source.set(1, 10).takes(millis(5));
    let mut tasks = JoinSet::new();
    for _ in 0..3 {
        let cache = built(over(&tier, &source)).await;
        for _ in 0..100 {
            let cache = cache.clone();
            tasks.spawn(async move { cache.get(&1).await.unwrap() });
        }
    }
    while let Some(found) = tasks.join_next().await {
        assert_eq!(found.unwrap(), Some(10));
    }
    assert_eq!(source.keys_asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_one_process_has_loaded_the_others_find_and_it_grows_no_younger() {
    let (tier, source) = (memory(), Source::default());
    let short = |source| over(&tier, source).with_ttl(TtlClass::Short);
    let one = built(short(source.set(1, 10))).await;
    let other = built(short(&source)).await;
    assert_eq!(origin(&one).await, (Some(10), Origin::Source));
    pass(seconds(20)).await;
    let by = other.deadline(seconds(1));
    let found = other.get_by(&1, by).await.unwrap();
    assert_eq!((found.origin, found.age), (Origin::Tier, seconds(20)));
    pass(millis(9_999)).await;
    assert_eq!(other.peek(&1), Some(10));
    pass(millis(1)).await;
    assert_eq!(other.peek(&1), None, "30 s from when it was loaded");
    assert_eq!(origin(&other).await, (Some(10), Origin::Source));
    assert_eq!(other.stats().tier_hits, 1);
}

#[tokio::test(start_paused = true)]
async fn a_long_class_lives_on_in_the_tier() {
    let (tier, source) = (memory(), Source::default());
    let builder = over(&tier, source.set(1, 10)).with_ttl(TtlClass::Long);
    let cache = built(builder).await;
    assert_eq!(origin(&cache).await, (Some(10), Origin::Source));
    for _ in 0..11 {
        pass(seconds(301)).await;
        assert_eq!(origin(&cache).await, (Some(10), Origin::Tier));
    }
    pass(seconds(301)).await;
    assert_eq!(origin(&cache).await, (Some(10), Origin::Source));
}

/// The nonce is the fence: a fill that comes after an invalidation does nothing.
#[tokio::test(start_paused = true)]
async fn a_load_that_another_process_s_invalidation_overtook_is_not_shared() {
    let (tier, source) = (memory(), Source::default());
    source.set(1, 10).close_gate();
    let (one, other) = (
        built(over(&tier, &source)).await,
        built(over(&tier, &source)).await,
    );
    let load = tokio::spawn({
        let one = one.clone();
        async move { one.get(&1).await.unwrap() }
    });
    settle().await;
    source.set(1, 11);
    other.invalidate(&1).await.unwrap();
    source.let_through(10);
    assert_eq!(load.await.unwrap(), Some(10), "it came before");
    settle().await;
    assert_eq!(origin(&other).await, (Some(11), Origin::Source));
    assert_eq!(origin(&one).await, (Some(11), Origin::Tier));
    assert_eq!(one.stats().tier_fills + one.stats().rejected, 1);
}

#[tokio::test(start_paused = true)]
async fn an_invalidation_reaches_the_memory_of_other_processes() {
    let (tier, source) = (memory(), Source::default());
    let tagged = || over(&tier, &source).with_tags(|_| vec![Tag::new("all")]);
    let (one, other) = (built(tagged()).await, built(tagged()).await);
    for (round, how) in (0..).zip(["key", "tag", "all"]) {
        source.set(1, round);
        one.clear().await.unwrap();
        settle().await;
        for cache in [&one, &other] {
            assert_eq!(cache.get(&1).await.unwrap(), Some(round));
            settle().await;
        }
        source.set(1, round + 10);
        match how {
            "key" => one.invalidate(&1).await.unwrap(),
            "tag" => one.invalidate_tag(&Tag::new("all")).await.unwrap(),
            _ => one.clear().await.unwrap(),
        }
        settle().await;
        assert_eq!(other.peek(&1), None, "{how}");
        assert_eq!(other.get(&1).await.unwrap(), Some(round + 10), "{how}");
        assert_eq!(one.get(&1).await.unwrap(), Some(round + 10), "{how}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_tag_s_version_is_checked_by_who_reads() {
    let (tier, source) = (memory(), Source::default());
    let tagged = || over(&tier, &source).with_tags(|_| vec![Tag::new("all")]);
    source.set(1, 10);
    let one = built(tagged()).await;
    assert_eq!(origin(&one).await, (Some(10), Origin::Source));
    one.invalidate_tag(&Tag::new("all")).await.unwrap();
    // One that was not there to hear of it.
    let late = built(tagged()).await;
    source.set(1, 11);
    assert_eq!(origin(&late).await, (Some(11), Origin::Source));
    let later = built(tagged()).await;
    assert_eq!(origin(&later).await, (Some(11), Origin::Tier));
}

#[tokio::test(start_paused = true)]
async fn a_value_whose_tags_came_with_it_is_not_shared() {
    let (tier, source) = (memory(), Source::default());
    source.set_tagged(1, 10, "late");
    let one = built(over(&tier, &source)).await;
    let other = built(over(&tier, &source)).await;
    assert_eq!(origin(&one).await, (Some(10), Origin::Source));
    assert_eq!(origin(&other).await, (Some(10), Origin::Source));
    assert_eq!(other.stats().lease_waits, 0, "the lease was given back");
}

#[tokio::test(start_paused = true)]
async fn no_and_unavailable_give_the_lease_back() {
    for mood in [Mood::Answers, Mood::Fails, Mood::Panics] {
        let (tier, source) = (memory(), Source::default());
        source.is_in(mood);
        let one = built(over(&tier, &source)).await;
        let other = built(over(&tier, &source)).await;
        let first = one.get(&1).await;
        assert_eq!(first.is_err(), mood != Mood::Answers);
        settle().await;
        source.set(1, 10).is_in(Mood::Answers);
        assert_eq!(origin(&other).await, (Some(10), Origin::Source));
        assert_eq!(other.stats().lease_waits, 0, "{mood:?}");
    }
}

/// The holder of the lease may have died: nobody waits for it for longer than a second.
#[tokio::test(start_paused = true)]
async fn a_process_that_dies_over_a_load_holds_nobody_up() {
    let (tier, source) = (memory(), Source::default());
    let dead = Source::default();
    dead.is_in(Mood::Hangs);
    let one = built(over(&tier, &dead)).await;
    let other = built(over(&tier, source.set(1, 10))).await;
    let hangs = tokio::spawn(async move { one.get(&1).await });
    settle().await;
    let began = tokio::time::Instant::now();
    assert_eq!(origin(&other).await, (Some(10), Origin::Source));
    assert!(began.elapsed() < millis(1_100), "{:?}", began.elapsed());
    let stats = other.stats();
    assert_eq!((stats.lease_waits, stats.tier_fills), (1, 0));
    hangs.abort();
}

#[tokio::test(start_paused = true)]
async fn what_was_written_in_another_form_is_left_alone() {
    let (tier, source) = (memory(), Source::default());
    let one = built(over(&tier, source.set(1, 10))).await;
    assert_eq!(origin(&one).await, (Some(10), Origin::Source));
    let next = source
        .plain()
        .with_tier(Arc::new(tier.handle()), Json::new(2));
    let next = built(next).await;
    assert_eq!(origin(&next).await, (Some(10), Origin::Source));

    // Of the same schema, by mistake: it cannot be read, and is no answer.
    let words = Cache::<u32, String>::builder(
        "numbers",
        auth_cache::tiered::each(async |_| Ok::<_, std::io::Error>(Some("ten".to_owned()))),
    );
    let words = words.with_tier(Arc::new(tier.handle()), Json::new(1));
    let words = words.build().unwrap();
    settle().await;
    assert_eq!(words.get(&1).await.unwrap().as_deref(), Some("ten"));
    assert_eq!(words.stats().tier_unreadable, 1);
}

/// Of all who cannot read it one loads it, and the others find what that one has put in its
/// place.
#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_is_loaded_once_for_all() {
    let (tier, source) = (memory(), Source::default());
    let one = built(over(&tier, source.set(1, 10))).await;
    assert_eq!(origin(&one).await, (Some(10), Origin::Source));
    let loads = Arc::new(AtomicUsize::new(0));
    let words = || {
        let loads = Arc::clone(&loads);
        let load = move |_| {
            let loads = Arc::clone(&loads);
            async move {
                loads.fetch_add(1, Ordering::SeqCst);
                tokio::time::sleep(millis(20)).await;
                Ok::<_, std::io::Error>(Some("ten".to_owned()))
            }
        };
        Cache::<u32, String>::builder("numbers", auth_cache::tiered::each(load))
            .with_tier(Arc::new(tier.handle()), Json::new(1))
            .with_clock(Arc::new(TokioClock::default()))
            .build()
            .unwrap()
    };
    let caches = [words(), words(), words()];
    settle().await;
    let mut tasks = JoinSet::new();
    for cache in &caches {
        let cache = cache.clone();
        tasks.spawn(async move { cache.get(&1).await.unwrap() });
    }
    while let Some(found) = tasks.join_next().await {
        assert_eq!(found.unwrap().as_deref(), Some("ten"));
    }
    settle().await;
    assert_eq!(loads.load(Ordering::SeqCst), 1);
    for cache in &caches {
        let stats = cache.stats();
        assert_eq!(
            (stats.tier_unreadable, stats.tier_failures),
            (1, 0),
            "{stats:?}"
        );
    }
    let late = words();
    settle().await;
    assert_eq!(late.get(&1).await.unwrap().as_deref(), Some("ten"));
    assert_eq!(late.stats().tier_hits, 1);
}

/// Who has the lease for it may have died.
#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_holds_nobody_up() {
    let (tier, source) = (memory(), Source::default());
    let one = built(over(&tier, source.set(1, 10))).await;
    assert_eq!(origin(&one).await, (Some(10), Origin::Source));
    let words = |hangs: bool| {
        let load = move |_| async move {
            if hangs {
                std::future::pending::<()>().await;
            }
            Ok::<_, std::io::Error>(Some("ten".to_owned()))
        };
        Cache::<u32, String>::builder("numbers", auth_cache::tiered::each(load))
            .with_tier(Arc::new(tier.handle()), Json::new(1))
            .with_clock(Arc::new(TokioClock::default()))
            .build()
            .unwrap()
    };
    let (dead, other) = (words(true), words(false));
    settle().await;
    let hangs = tokio::spawn(async move { dead.get(&1).await });
    settle().await;
    let began = tokio::time::Instant::now();
    assert_eq!(other.get(&1).await.unwrap().as_deref(), Some("ten"));
    assert!(began.elapsed() < millis(1_100), "{:?}", began.elapsed());
    assert_eq!(other.stats().lease_waits, 1);
    hangs.abort();
}

#[tokio::test(start_paused = true)]
async fn a_tier_that_lost_everything_has_nothing_to_say() {
    let (tier, source) = (memory(), Source::default());
    let tagged = || over(&tier, &source).with_tags(|_| vec![Tag::new("all")]);
    source.set(1, 10).close_gate();
    let (one, other) = (built(tagged()).await, built(tagged()).await);
    let load = tokio::spawn(async move { one.get(&1).await.unwrap() });
    settle().await;
    tier.lose_everything();
    source.let_through(10);
    assert_eq!(load.await.unwrap(), Some(10));
    settle().await;
    // Its lease is lost too, so the fill did nothing.
    assert_eq!(origin(&other).await, (Some(10), Origin::Source));
}

#[tokio::test(start_paused = true)]
async fn what_ends_in_both_levels_is_refreshed_early_by_one_process() {
    let (tier, source) = (memory(), Source::default());
    source.set(1, 10).takes(millis(50));
    let early = || {
        let builder = source.builder().without_jitter().with_ttl(TtlClass::Short);
        builder.with_tier(Arc::new(tier.handle()), Json::new(1))
    };
    let caches = [built(early()).await, built(early()).await];
    for cache in &caches {
        cache.get(&1).await.unwrap();
    }
    source.set(1, 11);
    pass(millis(28_900)).await;
    for _ in 0..1_000 {
        for cache in &caches {
            cache.get(&1).await.unwrap();
        }
        pass(millis(1)).await;
    }
    pass(seconds(1)).await;
    for cache in &caches {
        assert_eq!(cache.get(&1).await.unwrap(), Some(11));
    }
    assert_eq!(source.keys_asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_write_empties_the_tier_and_keeps_its_value_here() {
    let (tier, source) = (memory(), Source::default());
    let one = built(over(&tier, source.set(1, 10))).await;
    let other = built(over(&tier, &source)).await;
    for cache in [&one, &other] {
        cache.get(&1).await.unwrap();
        settle().await;
    }
    let write = async {
        source.set(1, 11);
        Ok::<_, std::io::Error>(11)
    };
    let written = one.write(&1, write).await.unwrap();
    assert!(written.told.is_ok());
    assert_eq!(one.peek(&1), Some(11));
    settle().await;
    assert_eq!(origin(&other).await, (Some(11), Origin::Source));
    assert_eq!(origin(&one).await, (Some(11), Origin::Memory));
}

#[tokio::test(start_paused = true)]
async fn distinct_misses_go_to_the_tier_together() {
    let source = Source::of_batches(1_000);
    let flaky = Flaky::new(memory());
    let tier = Arc::new(flaky.clone());
    let builder = source.set_all(0..2_000).plain();
    let cache = built(builder.with_tier(tier, Json::new(1))).await;
    let keys: Vec<u32> = (0..2_000).collect();
    let by = cache.deadline(seconds(60));
    for (key, found) in keys.iter().zip(cache.get_many(&keys, by).await) {
        assert_eq!(found.unwrap().value, Some(u64::from(*key)));
    }
    settle().await;
    assert_eq!(cache.stats().tier_fills, 2_000);
    assert!(flaky.calls() <= 24, "{} calls", flaky.calls());
}

#[tokio::test(start_paused = true)]
async fn the_last_handle_ends_the_cache_and_its_tail() {
    let (tier, source) = (memory(), Source::default());
    let cache = built(over(&tier, &source)).await;
    let tasks = || {
        tokio::runtime::Handle::current()
            .metrics()
            .num_alive_tasks()
    };
    assert_eq!(tasks(), 1);
    drop(cache);
    settle().await;
    assert_eq!(tasks(), 0);
}
