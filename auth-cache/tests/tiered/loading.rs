//! Who loads, when, and how many at once.

use std::sync::Arc;

use auth_cache::tiered::Reason;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::support::{Mood, Source, millis, pass, seconds, settle};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_tasks_that_miss_one_key_load_it_once() {
    let source = Source::default();
    source.set(1, 10).takes(millis(5));
    let cache = source.builder().build().unwrap();
    let all_here = Arc::new(Barrier::new(10_000));
    let mut tasks = JoinSet::new();
    for _ in 0..10_000 {
        let (cache, all_here) = (cache.clone(), Arc::clone(&all_here));
        tasks.spawn(async move {
            all_here.wait().await;
            cache.get(&1).await.unwrap()
        });
    }
    while let Some(value) = tasks.join_next().await {
        assert_eq!(value.unwrap(), Some(10));
    }
    assert_eq!(source.keys_asked(), 1);
    let stats = cache.stats();
    assert_eq!((stats.loads, stats.misses - stats.coalesced), (1, 1));
    assert_eq!(stats.hits + stats.misses, 10_000);
}

#[tokio::test(start_paused = true)]
async fn without_single_flight_every_miss_loads() {
    let source = Source::default();
    source.set(1, 10).takes(millis(5));
    let cache = source.plain().without_single_flight().build().unwrap();
    let (one, other) = tokio::join!(cache.get(&1), cache.get(&1));
    assert_eq!((one.unwrap(), other.unwrap()), (Some(10), Some(10)));
    assert_eq!((source.keys_asked(), cache.stats().coalesced), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_gives_up_takes_nobody_s_answer_away() {
    let source = Source::default();
    source.set(1, 10).takes(seconds(1));
    let cache = source.plain().build().unwrap();
    let first = tokio::spawn({
        let cache = cache.clone();
        async move { cache.get(&1).await }
    });
    settle().await;
    let second = tokio::spawn({
        let cache = cache.clone();
        async move { cache.get(&1).await }
    });
    settle().await;
    first.abort();
    assert_eq!(second.await.unwrap().unwrap(), Some(10));
    assert_eq!((source.keys_asked(), cache.stats().coalesced), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_load_that_everybody_gave_up_on_is_kept_for_the_next() {
    let source = Source::default();
    source.set(1, 10).takes(seconds(1));
    let cache = source.plain().build().unwrap();
    let by = cache.deadline(millis(100));
    let unavailable = cache.get_by(&1, by).await.unwrap_err();
    assert_eq!(unavailable.reason(), Reason::DeadlinePassed);
    assert_eq!(cache.stats().deadlines_passed, 1);
    pass(seconds(1)).await;
    assert_eq!((cache.peek(&1), source.keys_asked()), (Some(10), 1));
}

#[tokio::test(start_paused = true)]
async fn a_load_has_a_deadline_of_its_own() {
    let source = Source::default();
    source.set(1, 10).is_in(Mood::Hangs);
    let builder = source.plain().with_load_deadline(seconds(2));
    let cache = builder.build().unwrap();
    let began = tokio::time::Instant::now();
    let unavailable = cache.get(&1).await.unwrap_err();
    assert_eq!(unavailable.reason(), Reason::LoadTimedOut);
    assert_eq!(began.elapsed(), seconds(2));
    assert_eq!(source.under_way(), 0, "the loader's future is dropped");
}

#[tokio::test(start_paused = true)]
async fn those_who_wait_for_a_panicking_load_are_told_and_the_key_is_free() {
    let source = Source::default();
    source.set(1, 10).takes(millis(5)).is_in(Mood::Panics);
    let cache = source.plain().with_bulkhead(1, 10).build().unwrap();
    let (one, other) = tokio::join!(cache.get(&1), cache.get(&1));
    for answer in [one, other] {
        assert_eq!(answer.unwrap_err().reason(), Reason::Panicked);
    }
    assert_eq!(cache.stats().in_flight, 0);
    source.is_in(Mood::Answers);
    assert_eq!(cache.get(&1).await.unwrap(), Some(10));
}

#[tokio::test(start_paused = true)]
async fn a_panic_takes_its_own_keys_down_and_not_those_that_wait_behind_it() {
    let source = Source::default();
    source.set_all(0..5);
    source.takes(millis(5)).is_in(Mood::Panics);
    let cache = source.plain().with_bulkhead(1, 10).build().unwrap();
    let mut tasks: Vec<_> = (0..5)
        .map(|key| {
            let cache = cache.clone();
            tokio::spawn(async move { cache.get(&key).await })
        })
        .collect();
    settle().await;
    assert_eq!(source.calls().len(), 1);
    source.is_in(Mood::Answers);
    let first = tasks.remove(0).await.unwrap();
    assert_eq!(first.unwrap_err().reason(), Reason::Panicked);
    for (task, key) in tasks.into_iter().zip(1..) {
        assert_eq!(task.await.unwrap().unwrap(), Some(key));
    }
}

#[tokio::test(start_paused = true)]
async fn the_source_is_asked_by_so_many_at_once_and_no_more() {
    let source = Source::default();
    source.takes(millis(10));
    let cache = source.plain().with_bulkhead(3, 5).build().unwrap();
    let mut tasks = JoinSet::new();
    for key in 0..20 {
        let cache = cache.clone();
        tasks.spawn(async move { cache.get(&key).await });
    }
    let (mut told, mut refused) = (0, 0);
    while let Some(answer) = tasks.join_next().await {
        match answer.unwrap() {
            Ok(_) => told += 1,
            Err(unavailable) => {
                assert_eq!(unavailable.reason(), Reason::Overloaded);
                refused += 1;
            }
        }
    }
    assert_eq!(source.most_under_way(), 3);
    assert!(told >= 5 && told + refused == 20, "{told} + {refused}");
    assert_eq!(cache.stats().overloaded, refused);
}

#[tokio::test(start_paused = true)]
async fn a_key_that_has_waited_too_long_is_not_asked_for_any_more() {
    let source = Source::default();
    source.is_in(Mood::Hangs);
    let builder = source.plain().with_bulkhead(1, 10);
    let cache = builder.with_load_deadline(seconds(1)).build().unwrap();
    let (one, other) = tokio::join!(cache.get(&1), cache.get(&2));
    for answer in [one, other] {
        assert_eq!(answer.unwrap_err().reason(), Reason::LoadTimedOut);
    }
    assert_eq!(source.calls(), [[1]]);
}

#[tokio::test(start_paused = true)]
async fn distinct_keys_gather_while_a_batch_is_under_way() {
    let source = Source::of_batches(1_000);
    source.set_all(0..10_000);
    source.takes(millis(1));
    let cache = source.plain().build().unwrap();
    let mut tasks = JoinSet::new();
    for key in 0..10_000_u32 {
        let cache = cache.clone();
        tasks.spawn(async move { (key, cache.get(&key).await.unwrap()) });
    }
    while let Some(answer) = tasks.join_next().await {
        let (key, value) = answer.unwrap();
        assert_eq!(value, Some(key.into()));
    }
    let calls = source.calls();
    assert!(calls.len() <= 20, "{} calls", calls.len());
    assert!(calls.iter().all(|keys| keys.len() <= 1_000));
    assert_eq!(source.keys_asked(), 10_000);
    assert_eq!(cache.stats().load_calls, calls.len() as u64);
}

#[tokio::test(start_paused = true)]
async fn a_list_is_warmed_up_without_crowding_others_out() {
    let source = Source::of_batches(10);
    source.set_all(0..25);
    let cache = source.plain().build().unwrap();
    cache.get(&7).await.unwrap();
    let warmth = cache.warm_up(0..30).await;
    assert_eq!(
        (warmth.found, warmth.absent, warmth.unavailable),
        (25, 5, 0)
    );
    assert_eq!(cache.stats().warmed_up, 30);
    assert_eq!(source.most_under_way(), 1);
    assert_eq!(source.keys_asked(), 30, "what is known is not asked for");
    let mut keys = cache.keys();
    keys.sort_unstable();
    assert_eq!(keys, (0..25).collect::<Vec<_>>());

    source.is_in(Mood::Fails);
    assert_eq!(cache.warm_up([99]).await.unavailable, 1);
}

#[tokio::test(start_paused = true)]
async fn keys_that_are_loaded_one_by_one_are_warmed_up_by_all_workers_but_one() {
    let source = Source::default();
    source.set_all(0..100).takes(millis(10));
    let cache = source.plain().with_bulkhead(5, 1_000).build().unwrap();
    let began = tokio::time::Instant::now();
    assert_eq!(cache.warm_up(0..100).await.found, 100);
    assert_eq!(source.most_under_way(), 4);
    assert_eq!(began.elapsed(), millis(250), "the workers wait for nobody");

    // Somebody who comes meanwhile is not behind the list.
    let warming = tokio::spawn({
        let cache = cache.clone();
        async move { cache.warm_up(100..200).await.absent }
    });
    settle().await;
    let began = tokio::time::Instant::now();
    cache.get(&500).await.unwrap();
    assert_eq!(began.elapsed(), millis(10));
    assert_eq!(warming.await.unwrap(), 100);

    let alone = source.plain().with_bulkhead(1, 1).build().unwrap();
    assert_eq!(alone.warm_up(0..10).await.found, 10, "none is left over");
}

/// A restart: what was looked up most is there before anybody asks.
#[tokio::test(start_paused = true)]
async fn a_snapshot_has_the_names_of_what_was_looked_up_most() {
    let source = Source::default();
    source.set_all(0..1_000);
    let cache = source.plain().build().unwrap();
    assert_eq!(cache.hot_keys(10), [0_u32; 0]);
    assert_eq!(cache.warm_up(0..1_000).await.found, 1_000);
    let hot: Vec<u32> = (0..10).map(|number| number * 97).collect();
    for round in 0..10_000_u32 {
        for key in &hot {
            assert_eq!(cache.get(key).await.unwrap(), Some(u64::from(*key)));
        }
        cache.get(&(round % 1_000)).await.unwrap();
    }
    let mut snapshot = cache.hot_keys(10);
    snapshot.sort_unstable();
    assert_eq!(snapshot, hot);
    assert_eq!(cache.hot_keys(2_000).len(), 1_000);
    assert!(cache.hot_keys(0).is_empty());

    // Loaded again it is as hot, as long as it goes on being so.
    pass(seconds(400)).await;
    for key in &hot {
        cache.get(key).await.unwrap();
    }
    let mut again = cache.hot_keys(10);
    again.sort_unstable();
    assert_eq!(again, hot);

    source.set(97, 1);
    let after = source.plain().build().unwrap();
    assert_eq!(after.warm_up(snapshot).await.found, 10);
    assert_eq!(after.peek(&97), Some(1), "as it is by now");
    let before = source.keys_asked();
    for key in &hot {
        after.get(key).await.unwrap();
    }
    assert_eq!(source.keys_asked(), before);
}
