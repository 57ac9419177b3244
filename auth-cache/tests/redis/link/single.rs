//! One server that works.

use std::sync::LazyLock;

use auth_testkit::servers::{Redis, redis_url};
use redis::Value;

use super::support::{ask, bulk, call, command, link};
use crate::redis::{Call, LinkErrorKind, Script};

#[tokio::test]
async fn each_of_many_calls_has_its_own_answer() {
    let link = link(&redis_url().await.unwrap());
    let sets: Vec<_> = (0..100)
        .map(|n| call(&["SET", &format!("link-many-{n}"), &n.to_string()]))
        .collect();
    for answer in link.send(&sets).await {
        assert_eq!(answer.unwrap().value, Value::Okay);
    }
    let mut gets: Vec<_> = (0..100)
        .map(|n| call(&["GET", &format!("link-many-{n}")]))
        .collect();
    gets.insert(50, call(&["HGET", "link-many-1", "f"]));
    let mut answers = link.send(&gets).await;
    let refused = answers.remove(50).unwrap_err();
    let code = "WRONGTYPE".into();
    assert_eq!(*refused.kind(), LinkErrorKind::Refused { code });
    for (n, answer) in answers.into_iter().enumerate() {
        assert_eq!(answer.unwrap().value, bulk(&n.to_string()));
    }
    assert!(link.send(&[]).await.is_empty());
}

#[tokio::test]
async fn a_script_that_the_server_does_not_know_is_sent_with_its_source() {
    static SCRIPT: LazyLock<Script> =
        LazyLock::new(|| Script::new("return redis.call('incrby', KEYS[1], ARGV[1])"));
    let redis = Redis::start().await.unwrap();
    let link = link(&redis.url());
    let step = || Call::script(&SCRIPT, &[b"n"], &[b"2"]);
    assert_eq!(link.call(&step()).await.unwrap().value, Value::Int(2));
    assert_eq!(link.call(&step()).await.unwrap().value, Value::Int(4));
    let flushed = ask(&link, &["SCRIPT", "FLUSH"]).await.unwrap();
    assert_eq!(flushed, Value::Okay);
    // Several in one go: none is lost, none is done twice.
    let answers = link.send(&[step(), call(&["GET", "n"]), step()]).await;
    assert_eq!(answers.len(), 3);
    assert_eq!(ask(&link, &["GET", "n"]).await.unwrap(), bulk("8"));
}

#[tokio::test]
async fn every_answer_says_which_life_of_the_server_gave_it() {
    let mut redis = Redis::start().await.unwrap();
    let link = link(&redis.url());
    let told = async || {
        let info = link.call(&call(&["INFO", "server"])).await.unwrap();
        let Value::BulkString(text) = info.value else {
            panic!("{info:?}");
        };
        let text = String::from_utf8(text).unwrap();
        let own = format!("run_id:{:?}\r\n", info.server);
        assert!(text.contains(&own), "{own} {text}");
        info.server
    };
    let first = told().await;
    redis.restart().await.unwrap();
    super::support::until_answered(&link, &["PING"]).await;
    assert_ne!(told().await, first);
}

#[tokio::test]
async fn what_blocks_has_a_connection_of_its_own() {
    let redis = Redis::start().await.unwrap();
    let link = link(&redis.url());
    let mut reader = link.dedicated(b"s").await.unwrap();
    let read = command(&["XREAD", "BLOCK", "30000", "STREAMS", "s", "$"]);
    let blocked = tokio::spawn(async move { reader.ask(&read, super::support::HANG).await });
    let mut entries = 0;
    while !blocked.is_finished() {
        // The link itself answers all the while.
        ask(&link, &["XADD", "s", "*", "f", "v"]).await.unwrap();
        entries += 1;
        assert!(entries < 10_000);
    }
    let answer = blocked.await.unwrap().unwrap();
    assert!(matches!(answer.value, Value::Array(_)), "{answer:?}");
}

#[tokio::test]
async fn building_asks_nobody_and_nothing_shows_the_password() {
    let link = link("redis://user:hunter2@127.0.0.1:1/");
    assert!(!format!("{link:?}").contains("hunter2"));
    let error = ask(&link, &["PING"]).await.unwrap_err();
    assert_eq!(*error.kind(), LinkErrorKind::Unavailable);
    assert!(!format!("{error:?}").contains("hunter2"));
    assert!(!error.may_have_happened());
}
