//! The primary changes.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use auth_testkit::servers::{Redis, Sentinels};
use tokio::task::JoinSet;

use super::fake::{Fake, Reply};
use super::support::{HANG, ask, bulk, call, until_answered};
use crate::redis::{LinkErrorKind, RedisLink};

/// Three times what is promised.
const RECOVERY: Duration = Duration::from_secs(30);

fn link(sentinels: &Sentinels) -> RedisLink {
    let urls = sentinels.urls();
    let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
    RedisLink::sentinel(&urls, sentinels.name())
        .unwrap()
        .build()
        .unwrap()
}

/// Callers who write and read what is theirs, until they are told to stop.
pub(super) struct Load {
    over: Arc<AtomicBool>,
    callers: JoinSet<HashMap<String, u64>>,
    answered: Arc<AtomicU64>,
}

impl Load {
    /// A value is never another key's. That one is older, or there is none, is what a
    /// fail-over may do.
    pub(super) fn start(link: &RedisLink) -> Self {
        let (over, answered) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicU64::new(0)),
        );
        let mut callers = JoinSet::new();
        for caller in 0..8 {
            let (link, over, answered) = (link.clone(), over.clone(), answered.clone());
            callers.spawn(async move {
                let mut failures = HashMap::new();
                for n in 0_u64.. {
                    if over.load(Ordering::Relaxed) {
                        break;
                    }
                    let key = format!("load-{caller}-{}", n % 32);
                    let value = format!("{key}:{n}");
                    let calls = [call(&["SET", &key, &value]), call(&["GET", &key])];
                    for answer in tokio::time::timeout(HANG, link.send(&calls)).await.unwrap() {
                        match answer.map(|it| it.value) {
                            Ok(redis::Value::BulkString(value)) => {
                                let value = String::from_utf8(value).unwrap();
                                assert!(value.starts_with(&format!("{key}:")), "{key} {value}");
                                answered.fetch_add(1, Ordering::Relaxed);
                            }
                            Ok(redis::Value::Okay | redis::Value::Nil) => {}
                            Ok(other) => panic!("{other:?}"),
                            Err(error) => {
                                *failures.entry(format!("{:?}", error.kind())).or_default() += 1;
                            }
                        }
                    }
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                failures
            });
        }
        Self {
            over,
            callers,
            answered,
        }
    }

    pub(super) async fn stop(mut self) -> HashMap<String, u64> {
        self.over.store(true, Ordering::Relaxed);
        let mut failures: HashMap<String, u64> = HashMap::new();
        while let Some(caller) = self.callers.join_next().await {
            for (kind, count) in caller.unwrap() {
                *failures.entry(kind).or_default() += count;
            }
        }
        eprintln!(
            "{} answers, failures: {failures:?}",
            self.answered.load(Ordering::Relaxed)
        );
        failures
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f04_a_primary_that_is_killed_under_load_is_followed_by_its_replica() {
    let mut sentinels = Sentinels::start().await.unwrap();
    let link = link(&sentinels);
    until_answered(&link, &["PING"]).await;
    let before = link.call(&call(&["PING"])).await.unwrap().server;
    let load = Load::start(&link);
    tokio::time::sleep(Duration::from_millis(300)).await;
    sentinels.kill_primary().unwrap();
    let mut after = before.clone();
    let mut took = Duration::ZERO;
    while after == before {
        took += until_answered(&link, &["SET", "k", "v"]).await;
        if let Ok(answer) = link.call(&call(&["GET", "k"])).await {
            after = answer.server;
        }
    }
    eprintln!("a primary was killed; its replica answered after {took:?}");
    assert!(took < RECOVERY, "{took:?}");
    load.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f04_a_primary_that_is_frozen_under_load_is_followed_and_not_gone_back_to() {
    let sentinels = Sentinels::start().await.unwrap();
    let link = link(&sentinels);
    until_answered(&link, &["SET", "k", "before"]).await;
    let before = link.call(&call(&["PING"])).await.unwrap().server;
    let load = Load::start(&link);
    tokio::time::sleep(Duration::from_millis(300)).await;
    sentinels.freeze_primary().unwrap();
    let mut took = Duration::ZERO;
    loop {
        took += until_answered(&link, &["SET", "k", "after"]).await;
        match link.call(&call(&["GET", "k"])).await {
            Ok(answer) if answer.server != before => break,
            _ => {}
        }
    }
    eprintln!("a primary was frozen; its replica answered after {took:?}");
    assert!(took < RECOVERY, "{took:?}");
    // It goes on as if nothing had happened, until the Sentinels tell it.
    sentinels.thaw().unwrap();
    for _ in 0..300 {
        if let Ok(answer) = link.call(&call(&["GET", "k"])).await {
            assert_ne!(answer.server, before);
            assert_eq!(answer.value, bulk("after"));
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    load.stop().await;
}

/// A Sentinel that names one server, until `is_over`, then the other: by publishing so,
/// or by hanging up on who listens.
fn fake_sentinel(
    servers: &[Redis; 2],
    publishes: bool,
    is_over: &Arc<AtomicBool>,
    named: &Arc<AtomicU64>,
) -> Fake {
    let ports = [servers[0].port(), servers[1].port()];
    let (is_over, named) = (is_over.clone(), named.clone());
    let push = |parts: &[&str]| {
        let mut frame = format!(">{}\r\n", parts.len());
        for part in parts {
            let _ = write!(frame, "${}\r\n{part}\r\n", part.len());
        }
        frame
    };
    Fake::start(move |_, words| {
        let now = ports[usize::from(is_over.load(Ordering::SeqCst))];
        let [before, after] = ports;
        match words[0].as_str() {
            "HELLO" => Reply::Say(b"%1\r\n$5\r\nproto\r\n:3\r\n".to_vec()),
            "SENTINEL" => {
                named.fetch_add(1, Ordering::SeqCst);
                let port = now.to_string();
                let answer = format!("*2\r\n$9\r\n127.0.0.1\r\n${}\r\n{port}\r\n", port.len());
                Reply::Say(answer.into_bytes())
            }
            "SUBSCRIBE" => {
                let confirmed = ">3\r\n$9\r\nsubscribe\r\n$14\r\n+switch-master\r\n:1\r\n";
                Reply::Say(confirmed.as_bytes().to_vec())
            }
            "PING" if now == before => Reply::Say(b"+PONG\r\n".to_vec()),
            "PING" if publishes => {
                let told = format!("primary 127.0.0.1 {before} 127.0.0.1 {after}");
                let others = "another 127.0.0.1 1 127.0.0.1 2";
                let pushes = [others, &told].map(|it| push(&["message", "+switch-master", it]));
                Reply::Say(format!("{}{}+PONG\r\n", pushes[0], pushes[1]).into_bytes())
            }
            "PING" => Reply::Last(Vec::new()),
            _ => Reply::Nothing,
        }
    })
}

async fn follows_a_switch(publishes: bool) {
    // Both take themselves for a primary, and are well all the while.
    let servers = [Redis::start().await.unwrap(), Redis::start().await.unwrap()];
    let is_over = Arc::new(AtomicBool::new(false));
    let named = Arc::new(AtomicU64::new(0));
    let sentinel = fake_sentinel(&servers, publishes, &is_over, &named);
    for server in &servers {
        // One login for both, and for the Sentinel, that asks for none.
        server
            .command(&["CONFIG", "SET", "requirepass", ""])
            .unwrap();
    }
    let link = RedisLink::sentinel(&[&sentinel.url()], "primary").unwrap();
    let link = link.build().unwrap();
    until_answered(&link, &["PING"]).await;
    let before = link.call(&call(&["PING"])).await.unwrap().server;
    // Once to connect, and once after it has begun to listen.
    while named.load(Ordering::SeqCst) < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    is_over.store(true, Ordering::SeqCst);
    let moved = async {
        while link
            .call(&call(&["PING"]))
            .await
            .map_or(true, |it| it.server == before)
        {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(HANG, moved).await.unwrap();
}

#[tokio::test]
async fn f04_a_switch_that_is_published_is_followed_although_the_former_primary_is_well() {
    follows_a_switch(true).await;
}

#[tokio::test]
async fn f04_a_switch_that_was_missed_is_found_out_about_when_the_sentinel_is_back() {
    follows_a_switch(false).await;
}

#[tokio::test]
async fn f04_a_switch_by_hand_is_followed() {
    let mut sentinels = Sentinels::start().await.unwrap();
    let link = link(&sentinels);
    until_answered(&link, &["PING"]).await;
    let before = link.call(&call(&["PING"])).await.unwrap().server;
    let primary = sentinels.primary().unwrap();
    // By hand, and everybody is well all the while.
    let mut asked = 0;
    while sentinels.fail_over().is_err() {
        asked += 1;
        assert!(asked < 600);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    sentinels.failed_over(primary).await.unwrap();
    let mut tries = 0;
    loop {
        until_answered(&link, &["SET", "k", "v"]).await;
        if link
            .call(&call(&["GET", "k"]))
            .await
            .is_ok_and(|it| it.server != before)
        {
            break;
        }
        tries += 1;
        assert!(tries < 6000);
    }
    let servers = sentinels.servers();
    let old = servers.iter().find(|it| it.port() == primary).unwrap();
    assert!(old.command(&["PING"]).is_ok());
}

#[tokio::test]
async fn without_a_sentinel_that_knows_it_there_is_no_primary() {
    let sentinels = Sentinels::start().await.unwrap();
    let urls = sentinels.urls();
    let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
    for (urls, name) in [
        (&urls[..], "another"),
        (&["redis://127.0.0.1:1"], "primary"),
    ] {
        let link = RedisLink::sentinel(urls, name).unwrap().build().unwrap();
        let error = ask(&link, &["PING"]).await.unwrap_err();
        assert_eq!(*error.kind(), LinkErrorKind::Unavailable);
    }
    // One of them is enough.
    let link = RedisLink::sentinel(&urls[2..], "primary").unwrap();
    let link = link.with_credentials("default", sentinels.password());
    until_answered(&link.build().unwrap(), &["PING"]).await;
}
