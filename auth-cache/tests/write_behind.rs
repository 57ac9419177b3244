//! Writes that are gathered.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use auth_cache::tiered::Reason;
use auth_cache::write_behind::{Full, WriteBehind, WriteBehindBuildError, WriteBehindBuilder};

/// A table that tests break.
#[derive(Clone, Default)]
struct Table(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    rows: BTreeMap<u32, u64>,
    calls: Vec<usize>,
    mood: Mood,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Mood {
    #[default]
    Writes,
    Fails,
    Panics,
    Hangs,
}

impl Table {
    fn builder(&self) -> WriteBehindBuilder<u32, u64> {
        let table = self.clone();
        WriteBehind::builder("counts", move |writes: Vec<(u32, u64)>| {
            let table = table.clone();
            async move {
                let mood = table.0.lock().unwrap().mood;
                match mood {
                    Mood::Writes => {}
                    Mood::Fails => return Err("the table is locked"),
                    Mood::Panics => panic!("the write of a test panics"),
                    Mood::Hangs => std::future::pending().await,
                }
                let mut state = table.0.lock().unwrap();
                state.calls.push(writes.len());
                state.rows.extend(writes);
                Ok(())
            }
        })
    }

    fn is_in(&self, mood: Mood) {
        self.0.lock().unwrap().mood = mood;
    }

    fn rows(&self) -> Vec<(u32, u64)> {
        self.0.lock().unwrap().rows.clone().into_iter().collect()
    }

    fn calls(&self) -> Vec<usize> {
        self.0.lock().unwrap().calls.clone()
    }
}

async fn pass(millis: u64) {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    tokio::time::advance(Duration::from_millis(millis)).await;
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn of_many_values_of_a_key_the_last_is_written_once() {
    let table = Table::default();
    let counts = table.builder().build().unwrap();
    for value in 1..=100 {
        counts.put(1, value).unwrap();
        counts.put(2, value * 10).unwrap();
    }
    pass(999).await;
    assert_eq!(table.rows(), []);
    pass(1).await;
    assert_eq!(table.rows(), [(1, 100), (2, 1_000)]);
    assert_eq!(table.calls(), [2]);
    let stats = counts.stats();
    assert_eq!((stats.put, stats.written, stats.waiting), (200, 2, 0));
}

#[tokio::test(start_paused = true)]
async fn values_are_merged_as_the_application_says() {
    let table = Table::default();
    let builder = table.builder().with_merge(|old, new| *old += new);
    let counts = builder.build().unwrap();
    for _ in 0..5 {
        counts.put(1, 2).unwrap();
    }
    counts.flush().await.unwrap();
    assert_eq!(table.rows(), [(1, 10)]);
}

#[tokio::test(start_paused = true)]
async fn as_many_as_make_a_call_are_written_at_once() {
    let table = Table::default();
    let counts = table.builder().with_most_at_once(10).build().unwrap();
    for key in 0..25 {
        counts.put(key, 1).unwrap();
    }
    pass(0).await;
    assert_eq!(table.rows().len(), 25);
    assert_eq!(table.calls(), [10, 10, 5]);
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_written_is_written_later_under_what_has_come_since() {
    for (mood, reason) in [
        (Mood::Fails, Reason::Source),
        (Mood::Panics, Reason::Panicked),
        (Mood::Hangs, Reason::LoadTimedOut),
    ] {
        let table = Table::default();
        let counts = table.builder().build().unwrap();
        table.is_in(mood);
        counts.put(1, 1).unwrap();
        counts.put(2, 1).unwrap();
        let unavailable = counts.flush().await.unwrap_err();
        assert_eq!(unavailable.reason(), reason);
        assert!(counts.stats().failures >= 1 && counts.stats().written == 0);
        table.is_in(Mood::Writes);
        counts.put(2, 2).unwrap();
        for _ in 0..10 {
            pass(1_000).await;
        }
        assert_eq!(table.rows(), [(1, 1), (2, 2)], "{mood:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn when_there_is_no_room_it_says_so() {
    let table = Table::default();
    table.is_in(Mood::Fails);
    let counts = table.builder().with_capacity(2).build().unwrap();
    for key in [1, 2] {
        counts.put(key, 1).unwrap();
    }
    assert_eq!(counts.put(3, 1), Err(Full));
    counts.put(2, 5).unwrap();
    assert_eq!(counts.stats().refused, 1);
    table.is_in(Mood::Writes);
    counts.flush().await.unwrap();
    assert_eq!(table.rows(), [(1, 1), (2, 5)]);
    counts.put(3, 1).unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_last_handle_writes_what_waits() {
    let table = Table::default();
    let counts = table.builder().build().unwrap();
    let clone = counts.clone();
    counts.put(1, 1).unwrap();
    drop(counts);
    pass(0).await;
    assert_eq!(table.rows(), []);
    drop(clone);
    pass(0).await;
    assert_eq!(table.rows(), [(1, 1)]);
    let tasks = tokio::runtime::Handle::current().metrics();
    assert_eq!(tasks.num_alive_tasks(), 0);
}

#[tokio::test]
async fn what_is_out_of_bounds_is_refused() {
    use WriteBehindBuildError as E;
    let table = Table::default;
    let refused = |builder: WriteBehindBuilder<u32, u64>| builder.build().err();
    let zero = Duration::ZERO;
    assert_eq!(
        refused(table().builder().with_interval(zero)),
        Some(E::NoTime)
    );
    assert_eq!(
        refused(table().builder().with_deadline(zero)),
        Some(E::NoTime)
    );
    assert_eq!(
        refused(table().builder().with_capacity(0)),
        Some(E::NoCapacity)
    );
    assert_eq!(
        refused(table().builder().with_most_at_once(0)),
        Some(E::NoCapacity)
    );
}
