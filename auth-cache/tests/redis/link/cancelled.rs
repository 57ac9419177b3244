//! Callers that give up.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use auth_testkit::servers::{Proxy, Redis};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::fake::{Fake, Reply};
use super::support::{HANG, ask, bulk, call};
use crate::redis::RedisLink;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f17_ten_thousand_callers_who_give_up_leave_nobody_with_anothers_answer() {
    const KEYS: usize = 64;
    const CALLERS: usize = 10_000;
    let redis = Redis::start().await.unwrap();
    // Slow enough to be left, at every point of the way.
    let proxy = Proxy::before(&redis.url()).unwrap();
    proxy.delay(Duration::from_millis(1));
    let link = RedisLink::single(proxy.url())
        .unwrap()
        .with_deadline(HANG)
        .build()
        .unwrap();
    let sets: Vec<_> = (0..KEYS)
        .map(|n| call(&["SET", &format!("k{n}"), &format!("v{n}")]))
        .collect();
    for set in link.send(&sets).await {
        set.unwrap();
    }
    let left = Arc::new(AtomicUsize::new(0));
    let mut callers = JoinSet::new();
    for n in 0..CALLERS {
        let (link, left) = (link.clone(), left.clone());
        callers.spawn(async move {
            let keys = [n % KEYS, (n + 1) % KEYS, (n * 7) % KEYS];
            let gets = keys.map(|key| call(&["GET", &format!("k{key}")]));
            // From 0.1 ms to 26 s, as many of each size: however fast the machine is, some
            // give up and some do not.
            let least = 100_u64 << (n / 2 % 18);
            let patience = Duration::from_micros(least + (n as u64 * 7919) % least);
            // Every other one asks for several at once.
            let gets = &gets[..if n % 2 == 0 { 1 } else { 3 }];
            match timeout(patience, link.send(gets)).await {
                Err(_) => {
                    left.fetch_add(1, Ordering::Relaxed);
                }
                Ok(answers) => {
                    assert_eq!(answers.len(), gets.len());
                    for (answer, key) in answers.into_iter().zip(keys) {
                        assert_eq!(answer.unwrap().value, bulk(&format!("v{key}")));
                    }
                }
            }
        });
        if n % 64 == 0 {
            tokio::task::yield_now().await;
        }
    }
    while let Some(ended) = callers.join_next().await {
        ended.unwrap();
    }
    let left = left.load(Ordering::Relaxed);
    eprintln!("{left} of {CALLERS} gave up");
    assert!((CALLERS / 20..CALLERS * 19 / 20).contains(&left), "{left}");
    for n in 0..KEYS {
        let value = ask(&link, &["GET", &format!("k{n}")]).await.unwrap();
        assert_eq!(value, bulk(&format!("v{n}")));
    }
}

#[tokio::test]
async fn f17_a_server_that_is_silent_is_noticed_although_every_caller_gives_up_before_the_deadline()
{
    let fake = Fake::start(|connection, _| match connection {
        0 => Reply::Nothing,
        _ => Reply::bulk("here"),
    });
    let link = RedisLink::single(&fake.url()).unwrap().build().unwrap();
    let mut tries = 0;
    loop {
        let asked = timeout(Duration::from_millis(50), ask(&link, &["GET", "k"])).await;
        if let Ok(Ok(value)) = asked {
            assert_eq!(value, bulk("here"));
            return;
        }
        tries += 1;
        assert!(tries < 1000, "{asked:?}");
    }
}

#[tokio::test]
async fn f17_those_who_gave_up_have_their_place_back_once_the_server_has_answered() {
    let redis = Redis::start().await.unwrap();
    let proxy = Proxy::before(&redis.url()).unwrap();
    let link = RedisLink::single(proxy.url())
        .unwrap()
        .with_outstanding(4)
        .with_deadline(HANG)
        .build()
        .unwrap();
    ask(&link, &["SET", "k", "v"]).await.unwrap();
    let server = link.call(&call(&["PING"])).await.unwrap().server;
    proxy.delay(Duration::from_millis(20));
    for _ in 0..20 {
        let gets = [call(&["GET", "k"]), call(&["GET", "k"])];
        let asked = timeout(Duration::from_millis(2), link.send(&gets)).await;
        assert!(asked.is_err());
    }
    for _ in 0..20 {
        let answer = link.call(&call(&["GET", "k"])).await.unwrap();
        assert_eq!((answer.value, &answer.server), (bulk("v"), &server));
    }
}

#[tokio::test]
async fn f17_those_who_gave_up_keep_their_place_until_the_server_answers() {
    let fake = Fake::start(|_, _| Reply::Nothing);
    let link = RedisLink::single(&fake.url())
        .unwrap()
        .with_outstanding(8)
        .with_timeouts_to_reconnect(u32::MAX)
        .build()
        .unwrap();
    for _ in 0..100 {
        let _ = timeout(Duration::from_millis(2), ask(&link, &["GET", "k"])).await;
    }
    let _ = ask(&link, &["GET", "k"]).await.unwrap_err();
    // Eight calls, and what asks whether anything is answered at all.
    assert!((8..16).contains(&fake.asked()), "{}", fake.asked());
}
