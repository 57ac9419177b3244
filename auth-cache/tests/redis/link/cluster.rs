//! A Cluster whose nodes come, go and pass slots on.

use std::sync::Arc;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use auth_testkit::servers::RedisCluster;
use redis::Value;
use tokio::task::JoinSet;

use super::sentinel::Load;
use super::support::{HANG, ask, bulk, call, command, until_answered};
use crate::redis::slot::Slot;
use crate::redis::{Call, LinkErrorKind, RedisLink, Script};

/// Three times what is promised.
const RECOVERY: Duration = Duration::from_secs(30);

fn link(cluster: &RedisCluster, deadline: Duration) -> RedisLink {
    let urls = cluster.urls();
    let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
    RedisLink::cluster(&urls)
        .unwrap()
        .with_deadline(deadline)
        .build()
        .unwrap()
}

const DEADLINE: Duration = Duration::from_millis(200);

#[tokio::test]
async fn each_call_goes_to_the_primary_that_has_its_key() {
    static SCRIPT: LazyLock<Script> =
        LazyLock::new(|| Script::new("return redis.call('get', KEYS[1])"));
    let cluster = RedisCluster::start().await.unwrap();
    let link = link(&cluster, HANG);
    let keys: Vec<String> = (0..300).map(|n| format!("k{n}{{t{}}}", n % 50)).collect();
    let sets: Vec<_> = keys.iter().map(|key| call(&["SET", key, key])).collect();
    let mut servers = std::collections::HashSet::new();
    for answer in link.send(&sets).await {
        servers.insert(answer.unwrap().server);
    }
    assert_eq!(servers.len(), 3);
    let gets: Vec<_> = keys
        .iter()
        .map(|key| Call::script(&SCRIPT, &[key.as_bytes()], &[]))
        .collect();
    for (answer, key) in link.send(&gets).await.into_iter().zip(&keys) {
        assert_eq!(answer.unwrap().value, bulk(key));
    }
    for key in &keys {
        let told = ask(&link, &["CLUSTER", "KEYSLOT", key]).await.unwrap();
        assert_eq!(
            told,
            Value::Int(i64::try_from(Slot::of(key.as_bytes()).index()).unwrap())
        );
    }
}

async fn fails_over(is_killed: bool) {
    let mut cluster = RedisCluster::start().await.unwrap();
    let link = link(&cluster, DEADLINE);
    until_answered(&link, &["SET", "k", "v"]).await;
    let before = link.call(&call(&["GET", "k"])).await.unwrap().server;
    let slot = u16::try_from(Slot::of(b"k").index()).unwrap();
    let owner = cluster.owner_of(slot).unwrap();
    let load = Load::start(&link);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let node = &mut cluster.nodes()[owner];
    if is_killed {
        node.kill_9().unwrap();
    } else {
        node.freeze().unwrap();
    }
    let mut took = Duration::ZERO;
    loop {
        took += until_answered(&link, &["SET", "k", "after"]).await;
        match link.call(&call(&["GET", "k"])).await {
            Ok(answer) if answer.server != before => {
                assert_eq!(answer.value, bulk("after"));
                break;
            }
            _ => {}
        }
    }
    let how = if is_killed { "killed" } else { "frozen" };
    eprintln!("a primary was {how}; its replica answered after {took:?}");
    assert!(took < RECOVERY, "{took:?}");
    let node = &mut cluster.nodes()[owner];
    if is_killed {
        node.restart().await.unwrap();
    } else {
        node.thaw().unwrap();
    }
    // The former primary comes back as a replica; nobody asks it any more.
    for _ in 0..200 {
        if let Ok(answer) = link.call(&call(&["GET", "k"])).await {
            assert_ne!(answer.server, before);
            assert_eq!(answer.value, bulk("after"));
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    load.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f04_a_primary_that_is_killed_under_load_is_followed_by_its_replica() {
    fails_over(true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f04_a_primary_that_is_frozen_under_load_is_followed_by_its_replica() {
    fails_over(false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f04_a_slot_that_moves_under_load_costs_no_call_and_no_wrong_answer() {
    const KEYS: usize = 60;
    let cluster = RedisCluster::start().await.unwrap();
    let link = link(&cluster, HANG);
    let key = |n: usize| format!("{{moving}}-{n}");
    let slot = u16::try_from(Slot::of(b"moving").index()).unwrap();
    let sets: Vec<_> = (0..KEYS)
        .map(|n| call(&["SET", &key(n), &key(n)]))
        .collect();
    for set in link.send(&sets).await {
        set.unwrap();
    }
    let (over, rounds) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicU64::new(0)),
    );
    let mut readers = JoinSet::new();
    for reader in 0..4 {
        let (link, over, rounds) = (link.clone(), over.clone(), rounds.clone());
        readers.spawn(async move {
            let mut total = 0_i64;
            while !over.load(Ordering::Relaxed) {
                let counter = format!("{{moving}}-counter-{reader}");
                let mut calls: Vec<_> = (0..KEYS).map(|n| call(&["GET", &key(n)])).collect();
                calls.push(call(&["INCR", &counter]));
                calls.push(call(&["GET", "elsewhere"]));
                let mut answers = link.send(&calls).await;
                assert_eq!(answers.pop().unwrap().unwrap().value, Value::Nil);
                total += 1;
                // Nothing is done twice, nothing is lost.
                assert_eq!(answers.pop().unwrap().unwrap().value, Value::Int(total));
                for (n, answer) in answers.into_iter().enumerate() {
                    assert_eq!(answer.unwrap().value, bulk(&key(n)));
                }
                rounds.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    let some_rounds = async || {
        let before = rounds.load(Ordering::Relaxed);
        let gone_on = async {
            while rounds.load(Ordering::Relaxed) < before + 8 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        // Unless the readers have failed, as they say.
        tokio::time::timeout(HANG, gone_on).await.unwrap();
    };
    for _ in 0..3 {
        let to = (cluster.owner_of(slot).unwrap() + 1) % 3;
        some_rounds().await;
        cluster.begin_move(slot, to).unwrap();
        some_rounds().await;
        while cluster.move_keys(slot, to, 10).unwrap() > 0 {
            some_rounds().await;
        }
        cluster.end_move(slot, to).unwrap();
        some_rounds().await;
        // All of them have heard of it, or the next move begins at the wrong node.
        let mut asked = 0;
        while cluster.owner_of(slot).ok() != Some(to) {
            tokio::time::sleep(Duration::from_millis(20)).await;
            asked += 1;
            assert!(asked < 1000);
        }
    }
    over.store(true, Ordering::Relaxed);
    while let Some(reader) = readers.join_next().await {
        reader.unwrap();
    }
    eprintln!(
        "{} rounds of {} calls",
        rounds.load(Ordering::Relaxed),
        KEYS + 2
    );
}

#[tokio::test]
async fn what_blocks_finds_a_stream_that_has_moved() {
    let cluster = RedisCluster::start().await.unwrap();
    let link = link(&cluster, HANG);
    ask(&link, &["XADD", "stream", "1-1", "f", "v"])
        .await
        .unwrap();
    let slot = u16::try_from(Slot::of(b"stream").index()).unwrap();
    let to = (cluster.owner_of(slot).unwrap() + 1) % 3;
    cluster.begin_move(slot, to).unwrap();
    assert_eq!(cluster.move_keys(slot, to, 10).unwrap(), 1);
    cluster.end_move(slot, to).unwrap();
    let read = command(&["XREAD", "BLOCK", "1000", "STREAMS", "stream", "0"]);
    // The one who had it says so, and nobody else has asked since.
    let mut former = link.dedicated(b"stream").await.unwrap();
    let error = former.ask(&read, HANG).await.unwrap_err();
    assert_eq!(*error.kind(), LinkErrorKind::Unavailable);
    let mut now = link.dedicated(b"stream").await.unwrap();
    now.ask(&read, HANG).await.unwrap();
}

#[tokio::test]
async fn a_cluster_is_found_by_any_node_that_is_left_of_those_given() {
    let cluster = RedisCluster::start().await.unwrap();
    let replica = cluster.urls().swap_remove(5);
    let password = replica.split('@').next().unwrap();
    let dead = format!("{password}@127.0.0.1:1/");
    let link = RedisLink::cluster(&[&dead, &replica]).unwrap();
    let link = link.with_deadline(HANG).build().unwrap();
    ask(&link, &["SET", "k", "v"]).await.unwrap();
    // Who is not let in is told so, each time.
    let wrong = replica.replace(password, "redis://:wrong");
    let refused = RedisLink::cluster(&[&wrong]).unwrap().build().unwrap();
    for _ in 0..3 {
        let error = ask(&refused, &["SET", "k", "v"]).await.unwrap_err();
        assert!(
            matches!(error.kind(), LinkErrorKind::Refused { .. }),
            "{error:?}"
        );
    }
    // A server that is alone is none.
    let alone = auth_testkit::servers::Redis::start().await.unwrap();
    let link = RedisLink::cluster(&[&alone.url()])
        .unwrap()
        .build()
        .unwrap();
    let error = ask(&link, &["SET", "k", "v"]).await.unwrap_err();
    assert!(!error.may_have_happened(), "{error:?}");
}
