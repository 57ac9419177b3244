//! How much a link gathers.

use auth_testkit::servers::Redis;
use tokio::task::JoinSet;

use super::fake::{Fake, Reply};
use super::support::{HANG, ask, bulk, call};
use crate::redis::{LinkConfigError, LinkErrorKind, RedisLink};

#[tokio::test]
async fn a_frozen_server_is_sent_no_more_than_may_be_outstanding() {
    let fake = Fake::start(|_, _| Reply::Nothing);
    let link = RedisLink::single(&fake.url())
        .unwrap()
        .with_outstanding(10)
        .with_timeouts_to_reconnect(u32::MAX)
        .build()
        .unwrap();
    let mut callers = JoinSet::new();
    for _ in 0..1000 {
        let link = link.clone();
        callers.spawn(async move { ask(&link, &["GET", "k"]).await.unwrap_err() });
    }
    let mut kinds = Vec::new();
    while let Some(error) = callers.join_next().await {
        kinds.push(error.unwrap().kind().clone());
    }
    let count = |kind| kinds.iter().filter(|it| **it == kind).count();
    assert_eq!(count(LinkErrorKind::TimedOut), 10);
    assert_eq!(count(LinkErrorKind::Unavailable), 990);
    assert!((10..20).contains(&fake.asked()), "{}", fake.asked());
}

#[tokio::test]
async fn more_calls_than_may_be_outstanding_take_turns() {
    let redis = Redis::start().await.unwrap();
    let link = RedisLink::single(&redis.url())
        .unwrap()
        .with_outstanding(4)
        .with_deadline(HANG)
        .build()
        .unwrap();
    // One call alone may be of more, too.
    let sets: Vec<_> = (0..100)
        .map(|n| call(&["SET", &n.to_string(), &n.to_string()]))
        .collect();
    for set in link.send(&sets).await {
        set.unwrap();
    }
    let mut callers = JoinSet::new();
    for n in 0..1000 {
        let link = link.clone();
        callers.spawn(async move {
            let n = (n % 100).to_string();
            assert_eq!(ask(&link, &["GET", &n]).await.unwrap(), bulk(&n));
        });
    }
    while let Some(ended) = callers.join_next().await {
        ended.unwrap();
    }
}

#[test]
fn a_limit_of_nothing_is_refused() {
    let new = || RedisLink::single("redis://127.0.0.1/").unwrap();
    let zero = std::time::Duration::ZERO;
    for builder in [
        new().with_deadline(zero),
        new().with_connect_deadline(zero),
        new().with_timeouts_to_reconnect(0),
        new().with_outstanding(0),
        new().with_largest_answer(0),
    ] {
        let refused = builder.build();
        assert!(
            matches!(refused, Err(LinkConfigError::Zero(_))),
            "{refused:?}"
        );
    }
    let database = RedisLink::cluster(&["redis://127.0.0.1/3"]);
    assert!(matches!(database, Err(LinkConfigError::Database)));
}
