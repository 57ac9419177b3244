//! The three answers, and where they are from.

use auth_cache::tiered::{Cache, Origin, Reason, TtlClass, each};
use auth_core::Code;

use super::support::{Mood, Source, millis, pass, seconds, settle};

#[tokio::test(start_paused = true)]
async fn what_exists_is_loaded_once_and_then_known() {
    let source = Source::default();
    let cache = source.set(1, 10).plain().build().unwrap();
    assert_eq!(cache.peek(&1), None);
    let by = cache.deadline(seconds(1));
    let first = cache.get_by(&1, by).await.unwrap();
    let second = cache.get_by(&1, by).await.unwrap();
    assert_eq!((first.value, first.origin), (Some(10), Origin::Source));
    assert_eq!((second.value, second.origin), (Some(10), Origin::Memory));
    assert_eq!(cache.peek(&1), Some(10));
    assert_eq!(source.calls(), [[1]]);
    let stats = cache.stats();
    assert_eq!((stats.hits, stats.misses, stats.loads), (1, 1, 1));
    assert_eq!((stats.entries, stats.in_flight), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn what_does_not_exist_is_known_for_two_seconds() {
    let source = Source::default();
    let cache = source.plain().build().unwrap();
    assert_eq!(cache.get(&1).await.unwrap(), None);
    assert_eq!(cache.get(&1).await.unwrap(), None);
    assert_eq!((source.keys_asked(), cache.stats().negative_hits), (1, 1));
    source.set(1, 10);
    pass(millis(1_999)).await;
    assert_eq!(cache.get(&1).await.unwrap(), None);
    pass(millis(1)).await;
    assert_eq!(cache.get(&1).await.unwrap(), Some(10));
    let stats = cache.stats();
    assert_eq!((stats.entries, stats.negative_entries), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn what_was_created_exists_at_once_where_that_is_announced() {
    let source = Source::default();
    let cache = source.plain().build().unwrap();
    assert_eq!(cache.get(&1).await.unwrap(), None);
    source.set(1, 10);
    cache.invalidate(&1).await.unwrap();
    assert_eq!(cache.get(&1).await.unwrap(), Some(10));
}

#[tokio::test(start_paused = true)]
async fn without_negative_entries_the_source_is_asked_each_time() {
    let source = Source::default();
    let cache = source.plain().without_negative_entries().build().unwrap();
    for _ in 0..3 {
        assert_eq!(cache.get(&1).await.unwrap(), None);
    }
    assert_eq!(source.keys_asked(), 3);
    assert_eq!(cache.stats().negative_entries, 0);
}

#[tokio::test(start_paused = true)]
async fn made_up_keys_push_out_no_values() {
    let source = Source::default();
    let builder = source.set(1, 10).plain().with_negative_capacity(100);
    let cache = builder.with_capacity(100).build().unwrap();
    cache.get(&1).await.unwrap();
    for made_up in 1_000..3_000 {
        assert_eq!(cache.get(&made_up).await.unwrap(), None);
    }
    assert_eq!(cache.peek(&1), Some(10));
    assert!(cache.stats().negative_entries <= 100);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_told_is_no_no_and_is_not_kept() {
    for (mood, reason) in [
        (Mood::Fails, Reason::Source),
        (Mood::Panics, Reason::Panicked),
        (Mood::Hangs, Reason::LoadTimedOut),
        (Mood::Miscounts, Reason::Source),
    ] {
        let source = Source::default();
        let cache = source.set(1, 10).plain().build().unwrap();
        source.is_in(mood);
        let unavailable = cache.get(&1).await.unwrap_err();
        assert_eq!(unavailable.reason(), reason);
        assert_eq!(unavailable.code(), Code::Unavailable);
        source.is_in(Mood::Answers);
        assert_eq!(cache.get(&1).await.unwrap(), Some(10), "after {mood:?}");
        assert_eq!(cache.stats().load_failures, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn the_source_s_own_error_is_kept_as_the_cause() {
    let source = Source::default();
    let cache = source.is_in(Mood::Fails).plain().build().unwrap();
    let unavailable = cache.get(&1).await.unwrap_err();
    let cause = std::error::Error::source(&unavailable).unwrap();
    assert_eq!(cause.to_string(), "the source is down");
}

#[tokio::test(start_paused = true)]
async fn a_class_says_how_long_and_memory_never_more_than_five_minutes() {
    for (class, fresh_for) in [
        (TtlClass::Short, 30),
        (TtlClass::Medium, 300),
        (TtlClass::Long, 300),
    ] {
        let source = Source::default();
        let cache = source.set(1, 10).plain().with_ttl(class).build().unwrap();
        cache.get(&1).await.unwrap();
        pass(millis(fresh_for * 1_000 - 1)).await;
        assert_eq!(cache.peek(&1), Some(10), "{class:?}");
        pass(millis(1)).await;
        assert_eq!(cache.peek(&1), None, "{class:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_loader_may_shorten_a_value_s_time_and_not_extend_it() {
    let source = Source::default();
    let cache = source.plain().with_ttl(TtlClass::Short).build().unwrap();
    source.set_for(1, 10, seconds(5));
    source.set_for(2, 20, seconds(3_600));
    for key in [1, 2] {
        cache.get(&key).await.unwrap();
    }
    pass(seconds(5)).await;
    assert_eq!((cache.peek(&1), cache.peek(&2)), (None, Some(20)));
    pass(seconds(25)).await;
    assert_eq!(cache.peek(&2), None);
}

#[tokio::test(start_paused = true)]
async fn the_age_of_an_answer_is_counted_from_when_its_load_began() {
    let source = Source::default();
    source.set(1, 10).takes(millis(300));
    let cache = source.plain().build().unwrap();
    let by = cache.deadline(seconds(9));
    assert_eq!(cache.get_by(&1, by).await.unwrap().age, millis(300));
    pass(seconds(1)).await;
    assert_eq!(cache.get_by(&1, by).await.unwrap().age, millis(1_300));
}

#[tokio::test(start_paused = true)]
async fn many_are_answered_in_their_order_each_on_its_own() {
    let source = Source::of_batches(10);
    let cache = source.set(1, 10).set(3, 30).plain().build().unwrap();
    cache.get(&1).await.unwrap();
    let by = cache.deadline(seconds(1));
    let answers = cache.get_many(&[3, 2, 1, 3], by).await;
    let values: Vec<_> = answers.into_iter().map(|it| it.unwrap().value).collect();
    assert_eq!(values, [Some(30), None, Some(10), Some(30)]);
    assert_eq!(source.calls(), [vec![1], vec![3, 2]]);
}

#[tokio::test(start_paused = true)]
async fn a_function_is_a_loader() {
    async fn length(word: String) -> Result<Option<usize>, std::io::Error> {
        Ok((!word.is_empty()).then_some(word.len()))
    }
    let lengths = Cache::<String, usize>::builder("lengths", each(length))
        .build()
        .unwrap();
    assert_eq!(lengths.get(&"four".into()).await.unwrap(), Some(4));
    assert_eq!(lengths.get(&String::new()).await.unwrap(), None);
    assert_eq!(lengths.name(), "lengths");
    settle().await;
}

#[test]
fn callers_need_not_be_on_the_runtime() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let source = Source::default();
    let cache = runtime.block_on(async { source.set(1, 10).builder().build().unwrap() });
    let by = cache.deadline(seconds(60));
    let elsewhere = std::thread::spawn(move || {
        let found = block_on_here(cache.get_by(&1, by)).unwrap().value;
        (cache, found)
    });
    let (cache, found) = elsewhere.join().unwrap();
    assert_eq!(found, Some(10));

    // Waits until its threads have ended: a load that they still took would be answered.
    drop(runtime);
    let unavailable = block_on_here(cache.get(&2)).unwrap_err();
    assert_eq!(unavailable.reason(), Reason::ShutDown);
}

/// An executor that is not tokio's.
fn block_on_here<F: Future>(future: F) -> F::Output {
    use std::sync::Arc;
    use std::task::{Context, Poll, Wake, Waker};
    use std::thread::{self, Thread};

    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = std::pin::pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}
