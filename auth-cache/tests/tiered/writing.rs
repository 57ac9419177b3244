//! Writing through the cache.

use auth_cache::tiered::Cache;
use tokio::sync::oneshot;

use super::support::{Source, settle};

type Failure = std::io::Error;

fn failure() -> Failure {
    Failure::other("the write failed")
}

/// A write that changes the source and then waits for the word to go on.
fn write_slowly(
    cache: &Cache<u32, u64>,
    source: &Source,
    value: u64,
) -> (tokio::task::JoinHandle<()>, oneshot::Sender<()>) {
    let (go_on, wait) = oneshot::channel();
    let (cache, source) = (cache.clone(), source.clone());
    let task = tokio::spawn(async move {
        let write = async {
            source.set(1, value);
            let _ = wait.await;
            Ok::<_, Failure>(value)
        };
        drop(cache.write(&1, write).await.unwrap());
    });
    (task, go_on)
}

#[tokio::test(start_paused = true)]
async fn what_was_written_is_known_without_a_load() {
    let source = Source::default();
    let cache = source.set(1, 10).plain().build().unwrap();
    cache.get(&1).await.unwrap();
    let write = async {
        source.set(1, 11);
        Ok::<_, Failure>(11)
    };
    let written = cache.write(&1, write).await.unwrap();
    assert!(written.told.is_ok() && written.value == 11);
    assert_eq!(cache.get(&1).await.unwrap(), Some(11));
    assert_eq!((source.keys_asked(), cache.stats().written_through), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn after_two_writes_at_once_the_source_is_asked() {
    let source = Source::default();
    let cache = source.plain().build().unwrap();
    let (first, let_first) = write_slowly(&cache, &source, 11);
    settle().await;
    let (second, let_second) = write_slowly(&cache, &source, 12);
    settle().await;
    // The first to begin is the last to end.
    let_second.send(()).unwrap();
    second.await.unwrap();
    let_first.send(()).unwrap();
    assert_eq!(cache.peek(&1), Some(12));
    first.await.unwrap();
    assert_eq!(
        cache.peek(&1),
        None,
        "whose write was last, only the source knows"
    );
    assert_eq!(cache.get(&1).await.unwrap(), Some(12));
}

#[tokio::test(start_paused = true)]
async fn a_load_that_began_before_a_write_ended_is_not_kept() {
    let source = Source::default();
    source.set(1, 10).close_gate();
    let cache = source.plain().build().unwrap();
    let load = tokio::spawn({
        let cache = cache.clone();
        async move { cache.get(&1).await.unwrap() }
    });
    settle().await;
    let (write, go_on) = write_slowly(&cache, &source, 11);
    settle().await;
    go_on.send(()).unwrap();
    write.await.unwrap();
    source.let_through(1);
    assert_eq!(load.await.unwrap(), Some(10), "it came before the write");
    assert_eq!(cache.peek(&1), Some(11));
    assert_eq!(cache.stats().rejected, 1);
}

#[tokio::test(start_paused = true)]
async fn a_write_that_failed_or_was_dropped_may_have_happened() {
    let source = Source::default();
    let cache = source.set(1, 10).plain().build().unwrap();
    cache.get(&1).await.unwrap();
    let write = async {
        source.set(1, 11);
        Err(failure())
    };
    assert!(cache.write(&1, write).await.is_err());
    assert_eq!(cache.get(&1).await.unwrap(), Some(11));

    let (write, _never) = write_slowly(&cache, &source, 12);
    settle().await;
    // Read while the write is under way, it would be the old value at a source with
    // transactions.
    assert_eq!(cache.get(&1).await.unwrap(), Some(12));
    write.abort();
    settle().await;
    assert_eq!(cache.peek(&1), None);
}
