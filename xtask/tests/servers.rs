//! What the throw-away servers promise to the tests that use them.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod client;

use auth_testkit::servers::{Postgres, Redis};
use client::{ping, psql, sql};

#[tokio::test]
async fn what_postgres_acknowledged_is_there_after_the_plug_was_pulled() {
    let mut postgres = Postgres::start().await.unwrap();
    let url = postgres.url();
    assert_eq!(sql(&url, "CREATE TABLE kept AS SELECT 7 AS n"), "SELECT 1");
    for _ in 0..3 {
        postgres.kill_9().unwrap();
        postgres.restart().await.unwrap();
        assert_eq!(
            (postgres.url(), sql(&url, "SELECT n FROM kept")),
            (url.clone(), "7".into())
        );
    }
}

#[tokio::test]
async fn postgres_keeps_its_durable_defaults_unless_a_test_asks_otherwise() {
    let postgres = Postgres::start_with(&[("max_connections", "17")])
        .await
        .unwrap();
    assert_eq!(sql(&postgres.url(), "SHOW fsync"), "on");
    assert_eq!(sql(&postgres.url(), "SHOW synchronous_commit"), "on");
    assert_eq!(sql(&postgres.url(), "SHOW max_connections"), "17");
}

#[tokio::test]
async fn a_running_postgres_restarts_in_good_order() {
    let mut postgres = Postgres::start().await.unwrap();
    sql(&postgres.url(), "CREATE TABLE kept AS SELECT 7 AS n");
    postgres.restart().await.unwrap();
    assert_eq!(sql(&postgres.url(), "SELECT n FROM kept"), "7");
}

#[tokio::test]
async fn a_frozen_postgres_answers_nothing_until_it_is_thawed() {
    let postgres = Postgres::start().await.unwrap();
    postgres.freeze().unwrap();
    assert!(!psql(&postgres.url(), "SELECT 1").status.success());
    postgres.thaw().unwrap();
    assert_eq!(sql(&postgres.url(), "SELECT 1"), "1");
}

#[tokio::test]
async fn a_setting_postgres_does_not_know_is_an_error_in_its_own_words() {
    let error = Postgres::start_with(&[("no_such_setting", "1")])
        .await
        .unwrap_err();
    assert!(error.to_string().contains("no_such_setting"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn servers_start_while_the_clock_of_a_test_stands_still() {
    Postgres::start().await.unwrap();
    Redis::start().await.unwrap();
}

#[tokio::test]
async fn redis_comes_back_on_the_same_port_after_sigkill() {
    let mut redis = Redis::start().await.unwrap();
    let url = redis.url();
    assert_eq!(ping(&url), Some("+OK\r\n+PONG\r\n".into()));
    redis.kill_9().unwrap();
    assert_eq!(ping(&url), None);
    redis.restart().await.unwrap();
    assert_eq!(
        (redis.url(), ping(&url)),
        (url.clone(), Some("+OK\r\n+PONG\r\n".into()))
    );
    redis.restart().await.unwrap();
    assert_eq!(ping(&url), Some("+OK\r\n+PONG\r\n".into()));
    drop(redis);
    assert_eq!(ping(&url), None);
}

#[tokio::test]
async fn a_frozen_redis_answers_nothing_until_it_is_thawed() {
    let redis = Redis::start().await.unwrap();
    redis.freeze().unwrap();
    assert_eq!(ping(&redis.url()), None);
    redis.thaw().unwrap();
    assert_eq!(ping(&redis.url()), Some("+OK\r\n+PONG\r\n".into()));
}
