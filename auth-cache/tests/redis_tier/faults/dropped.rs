//! Calls that are dropped at whatever they wait for: F17.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use auth_cache::redis::RedisLink;
use auth_cache::tier::{Invalidated, Tier};
use auth_cache::tiered::Tag;
use auth_testkit::rounds;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::super::support::{
    World, ask, eventually, fill, found, granted, load, record, space, try_load,
};
use super::load::{HANG, Source};

/// Polls `future` so often, and drops it then, unless it has ended.
async fn dropped_after<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        match future.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// More than any call of the tier waits.
const POLLS: usize = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f17_a_call_of_the_tier_that_is_dropped_shifts_nobody_s_answer() {
    let world = World::start().await;
    let tier = world.process();
    let other = world.process();
    let (mut dropped, mut asked_for) = (0, Vec::new());
    for round in 0..rounds(2) {
        for polls in 0..POLLS {
            let key = |what: &str| format!("{what} {round} {polls}").into_bytes();
            // Asked, and gone before there was an answer.
            let asked = [ask(&key("acquire"), &["a", "b"])];
            let acquired = dropped_after(polls, tier.acquire(&space(), &asked)).await;
            dropped += usize::from(acquired.is_none());
            // Filled, and gone before it was known whether.
            let held = ask(&key("fill"), &["a"]);
            let versions = granted(&*tier, &space(), &held).await;
            let fills = [fill(&held, &versions, Some(record(&key("fill"))))];
            let filled = dropped_after(polls, tier.fill(&space(), &fills)).await;
            dropped += usize::from(filled.is_none());
            // Forgotten, and gone before it was known whether.
            load(&*tier, &key("gone"), &["b"], &key("gone")).await;
            let what = [
                Invalidated::Key(key("gone").into()),
                Invalidated::Tag(Tag::new("c")),
            ];
            let gone = dropped_after(polls, tier.invalidate(&space(), &what)).await;
            dropped += usize::from(gone.is_none());
            let heard = dropped_after(polls, tier.tail(&space())).await;
            if let Some(tail) = heard {
                dropped += usize::from(dropped_after(polls, tail.unwrap().next()).await.is_none());
            } else {
                dropped += 1;
            }
            // A hundred that wait: each has its own answer.
            let mut others = JoinSet::new();
            for number in 0..100_u32 {
                let name = key(&format!("again {number}"));
                let (tier, other) = (tier.clone(), other.clone());
                others.spawn(async move {
                    load(&*tier, &name, &["a"], &name).await;
                    assert_eq!(found(&*other, &name, &["a"]).await.unwrap(), name);
                });
            }
            while let Some(ended) = others.join_next().await {
                ended.unwrap();
            }
            let filled = found(&*other, &key("fill"), &["a"]).await;
            assert!(filled.is_none_or(|it| it == key("fill")));
            tier.invalidate(&space(), &what).await.unwrap();
            assert_eq!(found(&*other, &key("gone"), &["b"]).await, None);
            asked_for.push(key("acquire"));
        }
    }
    // Whoever was dropped may have the lease, and not for ever.
    for name in asked_for {
        eventually(|| async { try_load(&*other, &name, &["a", "b"], &name).await }).await;
        assert_eq!(found(&*tier, &name, &["a", "b"]).await.unwrap(), name);
    }
    assert!(dropped > POLLS, "{dropped} were dropped");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f17_a_caller_that_is_gone_leaves_nothing_wrong_behind() {
    let world = World::start().await;
    let source = Source::new();
    let link = || {
        let link = RedisLink::single(&world.server.url()).unwrap();
        // The machine may be busy.
        let link = link.with_deadline(Duration::from_secs(5));
        link.build().unwrap()
    };
    let one = source.cache(link(), &world.root).await;
    let other = source.cache(link(), &world.root).await;
    let mut dropped = 0;
    for round in 0..rounds(3) {
        for polls in 0..4 {
            let keys: Vec<u32> = (0..50).map(|_| source.fresh()).collect();
            let by = || one.deadline(Duration::from_secs(30));
            let get = dropped_after(polls, one.get(&keys[0])).await;
            let get_by = dropped_after(polls, one.get_by(&keys[1], by())).await;
            let get_many = dropped_after(polls, one.get_many(&keys, by())).await;
            let warm_up = dropped_after(polls, one.warm_up(keys.clone())).await;
            let gone = [
                get.is_none(),
                get_by.is_none(),
                get_many.is_none(),
                warm_up.is_none(),
            ];
            dropped += gone.into_iter().filter(|is_gone| *is_gone).count();
            // What is forgotten is forgotten, whoever waits for the others to be told.
            let key = u32::try_from(round).unwrap() % 100;
            let tag = Tag::new(format!("group {}", key % 7));
            for how in 0..4 {
                let now = source.change(key);
                match how {
                    0 => drop(dropped_after(polls, one.invalidate(&key)).await),
                    1 => drop(dropped_after(polls, one.invalidate_tag(&tag)).await),
                    2 => drop(dropped_after(polls, one.clear()).await),
                    _ => {
                        let write = async { Ok::<_, std::io::Error>((key, now)) };
                        let written = dropped_after(polls, one.write(&key, write)).await;
                        if written.is_none() {
                            // It may have been written, and nobody was there to say so.
                            drop(one.invalidate(&key));
                        }
                    }
                }
                let read = timeout(HANG, one.get(&key)).await.unwrap();
                assert_eq!(read.unwrap(), Some((key, now)), "{how} after {polls}");
                eventually(|| async { other.get(&key).await.ok().flatten() == Some((key, now)) })
                    .await;
            }
            for cache in [&one, &other] {
                let found = cache.get_many(&keys, by()).await;
                for (key, found) in keys.iter().zip(found) {
                    assert_eq!(found.unwrap().value, Some((*key, 0)));
                }
            }
        }
    }
    assert!(dropped > 0);
    assert_eq!(one.stats().in_flight, 0);
    source.was_spared();
}
