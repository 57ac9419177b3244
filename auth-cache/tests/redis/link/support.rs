//! What the tests of the link share.

use std::time::{Duration, Instant};

use redis::{Cmd, Value};

use crate::redis::{Answer, Call, LinkError, RedisLink};

/// Long enough for anything that ends at all.
pub(crate) const HANG: Duration = Duration::from_secs(60);

pub(crate) fn link(url: &str) -> RedisLink {
    RedisLink::single(url).unwrap().build().unwrap()
}

pub(crate) fn command(parts: &[&str]) -> Cmd {
    let mut command = Cmd::new();
    for part in parts {
        command.arg(*part);
    }
    command
}

/// A call whose key is its second word.
pub(crate) fn call(parts: &[&str]) -> Call {
    Call::new(parts.get(1).unwrap_or(&"").as_bytes(), command(parts))
}

pub(crate) async fn ask(link: &RedisLink, parts: &[&str]) -> Result<Value, LinkError> {
    let answer = link.call(&call(parts)).await;
    answer.map(|Answer { value, .. }| value)
}

pub(crate) fn bulk(text: &str) -> Value {
    Value::BulkString(text.as_bytes().to_vec())
}

/// Asks again and again, until there is an answer, and says how long that took.
#[expect(clippy::disallowed_methods, reason = "it measures real servers")]
pub(crate) async fn until_answered(link: &RedisLink, parts: &[&str]) -> Duration {
    let began = Instant::now();
    while let Err(error) = ask(link, parts).await {
        assert!(began.elapsed() < HANG, "{error:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    began.elapsed()
}
