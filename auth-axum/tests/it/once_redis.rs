//! The layer over requests that are remembered in Redis.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use auth_axum::IdempotencyLayer;
use auth_cache::idempotency::RedisIdempotency;
use auth_cache::redis::RedisLink;
use auth_core::idempotency::Idempotency;
use auth_core::{RootSecret, SystemRandom};
use auth_testkit::servers::Redis;
use axum::Router;
use axum::routing::post;
use http::StatusCode;

use super::support::http::{Answer, Server, serve};

const KEY: (&str, &[u8]) = ("idempotency-key", b"8e03978e");

/// One instance of a shop; all of them count together.
async fn instance(redis: &Redis, root: &RootSecret, orders: &Arc<AtomicUsize>) -> Server {
    let link = RedisLink::single(&redis.url()).unwrap();
    let link = link.with_deadline(Duration::from_secs(5)).build().unwrap();
    let store = RedisIdempotency::builder(link, root.clone()).build();
    let orders = orders.clone();
    let order = move |body: String| async move {
        if body == "refused" {
            return (StatusCode::CONFLICT, "refused".to_owned());
        }
        let n = orders.fetch_add(1, Ordering::SeqCst) + 1;
        tokio::time::sleep(Duration::from_millis(20)).await;
        (StatusCode::CREATED, format!("order {n}"))
    };
    let layer = IdempotencyLayer::new(Idempotency::new(Arc::new(store), root.clone()));
    serve(
        Router::new()
            .route("/orders", post(order))
            .route_layer(layer),
    )
    .await
}

async fn order(server: Server, body: &str) -> Answer {
    order_by(server, KEY, body).await
}

async fn order_by(server: Server, key: (&str, &[u8]), body: &str) -> Answer {
    server
        .send("POST", "/orders", &[key], body.as_bytes())
        .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn over_redis_a_request_is_done_once_by_all_instances() {
    let mut redis = Redis::start().await.unwrap();
    let root = RootSecret::generate(&SystemRandom::new()).unwrap();
    let orders = Arc::new(AtomicUsize::new(0));
    let [one, other] = [
        instance(&redis, &root, &orders).await,
        instance(&redis, &root, &orders).await,
    ];
    // What was refused was not done.
    assert_eq!(order(one, "refused").await.status, 409);
    let tasks: Vec<_> = (0..32)
        .map(|task| tokio::spawn(order([one, other][task % 2], "a")))
        .collect();
    for task in tasks {
        let answer = task.await.unwrap();
        let body = String::from_utf8_lossy(&answer.body).into_owned();
        match answer.status {
            201 => assert_eq!(body, "order 1"),
            status => {
                assert_eq!(status, 409);
                assert!(body.contains("request_in_progress"), "{body}");
            }
        }
    }
    for server in [one, other] {
        let again = order(server, "a").await;
        assert_eq!((again.status, &again.body[..]), (201, &b"order 1"[..]));
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        assert_eq!(order(server, "b").await.status, 422);
    }
    // Redis forgets, and the instance that did it does not.
    redis.command(&["FLUSHALL"]).unwrap();
    let answers = [order(one, "a").await, order(other, "a").await];
    let done = answers.iter().filter(|it| it.status == 409).count();
    assert!(done >= 1, "{answers:?}");
    let before = orders.load(Ordering::SeqCst);
    redis.kill_9().unwrap();
    let new = ("idempotency-key", &b"another"[..]);
    let away = order_by(one, new, "new").await;
    assert_eq!(away.status, 503);
    assert_eq!(away.header("retry-after"), Some("1"));
    assert_eq!(orders.load(Ordering::SeqCst), before);
}
