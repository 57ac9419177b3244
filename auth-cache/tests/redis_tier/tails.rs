//! What is told, and what is missed: never silence.

use std::time::Duration;

use auth_cache::tier::{Invalidated, Tail, Tier, TierError};
use redis::cmd;

use super::support::{World, new_root, space};

/// A second for the next look, a second of grace, and room for a slow machine.
const NOTICED: Duration = Duration::from_secs(10);

fn key(name: &[u8]) -> Invalidated {
    Invalidated::Key(name.into())
}

async fn next(tail: &mut dyn Tail) -> Result<Vec<Invalidated>, TierError> {
    let told = tokio::time::timeout(NOTICED, tail.next()).await;
    told.unwrap_or_else(|_| panic!("it is told, or fails"))
}

const STREAM: &str = "auth:users:1:tail";

#[tokio::test]
async fn f07_whatever_happens_to_the_stream_is_an_error_of_the_tail() {
    for what in [
        "DEL", "FLUSHALL", "SET", "XTRIM", "restart", "kill", "freeze",
    ] {
        let mut world = World::start().await;
        let (one, other) = (world.process(), world.process());
        let mut tail = one.tail(&space()).await.unwrap();
        other.invalidate(&space(), &[key(b"1")]).await.unwrap();
        assert_eq!(next(&mut *tail).await.unwrap(), [key(b"1")]);
        let mut stranger = world.stranger().await;
        match what {
            "DEL" => cmd("DEL")
                .arg(STREAM)
                .query_async(&mut stranger)
                .await
                .unwrap(),
            "FLUSHALL" => cmd("FLUSHALL").query_async(&mut stranger).await.unwrap(),
            "SET" => cmd("SET")
                .arg(STREAM)
                .arg("x")
                .query_async(&mut stranger)
                .await
                .unwrap(),
            "XTRIM" => cmd("XTRIM")
                .arg(STREAM)
                .arg("MAXLEN")
                .arg(0)
                .query_async(&mut stranger)
                .await
                .unwrap(),
            "restart" => world.server.restart().await.unwrap(),
            "kill" => world.server.kill_9().unwrap(),
            _ => world.server.freeze().unwrap(),
        }
        assert!(next(&mut *tail).await.is_err(), "{what}");
        world.server.thaw().unwrap_or_default();
    }
}

/// The stream was lost and begun anew before the tail looked.
#[tokio::test]
async fn f07_another_stream_under_the_same_name_is_a_gap() {
    let world = World::start().await;
    let (one, other) = (world.process(), world.process());
    let mut stranger = world.stranger().await;
    for _ in 0..20 {
        let mut tail = one.tail(&space()).await.unwrap();
        let _: redis::Value = cmd("FLUSHALL").query_async(&mut stranger).await.unwrap();
        other.invalidate(&space(), &[key(b"1")]).await.unwrap();
        assert!(next(&mut *tail).await.is_err());
    }
}

/// One that is behind by more than is kept.
#[tokio::test]
async fn f07_entries_that_were_trimmed_are_a_gap() {
    let world = World::start().await;
    let (one, other) = (world.process(), world.process());
    let mut stranger = world.stranger().await;
    let mut tail = one.tail(&space()).await.unwrap();
    for name in [b"1", b"2", b"3"] {
        other.invalidate(&space(), &[key(name)]).await.unwrap();
    }
    let _: i64 = cmd("XTRIM")
        .arg(STREAM)
        .arg("MAXLEN")
        .arg(1)
        .query_async(&mut stranger)
        .await
        .unwrap();
    assert!(next(&mut *tail).await.is_err());
}

/// A stranger's entries make a process forget, and no more than that.
#[tokio::test]
async fn what_was_not_told_by_one_of_us_is_everything() {
    let world = World::start().await;
    let (one, other) = (world.process(), world.process());
    let mut stranger = world.stranger().await;
    let mut tail = one.tail(&space()).await.unwrap();
    other.invalidate(&space(), &[key(b"1")]).await.unwrap();
    assert_eq!(next(&mut *tail).await.unwrap(), [key(b"1")]);
    let last: Vec<(String, Vec<Vec<u8>>)> = cmd("XREVRANGE")
        .arg(STREAM)
        .arg("+")
        .arg("-")
        .arg("COUNT")
        .arg(1)
        .query_async(&mut stranger)
        .await
        .unwrap();
    let (id, fields) = last.into_iter().next().unwrap();
    let life = id.split('-').next().unwrap();
    let mut altered = fields[1].clone();
    *altered.last_mut().unwrap() ^= 1;
    for forged in [altered, Vec::new(), b"junk".to_vec()] {
        let _: String = cmd("XADD")
            .arg(STREAM)
            .arg(format!("{life}-*"))
            .arg("i")
            .arg(forged)
            .query_async(&mut stranger)
            .await
            .unwrap();
        assert_eq!(next(&mut *tail).await.unwrap(), [Invalidated::All]);
    }
    // Told again: forgotten again.
    let _: String = cmd("XADD")
        .arg(STREAM)
        .arg(format!("{life}-*"))
        .arg("i")
        .arg(&fields[1])
        .query_async(&mut stranger)
        .await
        .unwrap();
    assert_eq!(next(&mut *tail).await.unwrap(), [key(b"1")]);
    // An application with another root secret and the same names.
    let foreign = world.process_with(new_root());
    foreign.invalidate(&space(), &[key(b"1")]).await.unwrap();
    assert_eq!(next(&mut *tail).await.unwrap(), [Invalidated::All]);
    // A number that is left out.
    let number: u64 = 1 << 40;
    let _: String = cmd("XADD")
        .arg(STREAM)
        .arg(format!("{life}-{number}"))
        .arg("i")
        .arg("")
        .query_async(&mut stranger)
        .await
        .unwrap();
    assert!(next(&mut *tail).await.is_err());
}

/// A quiet stream is no broken one.
#[tokio::test]
async fn nothing_is_told_for_as_long_as_nothing_is_invalidated() {
    let world = World::start().await;
    let (one, other) = (world.process(), world.process());
    let mut tail = one.tail(&space()).await.unwrap();
    let quiet = tokio::time::timeout(Duration::from_millis(3_500), tail.next()).await;
    assert!(quiet.is_err(), "{quiet:?}");
    let mut tail = one.tail(&space()).await.unwrap();
    one.invalidate(&space(), &[key(b"own")]).await.unwrap();
    let what: Vec<_> = (0..2_500_u32)
        .map(|number| key(&number.to_be_bytes()))
        .collect();
    other.invalidate(&space(), &what).await.unwrap();
    let mut heard = Vec::new();
    while heard.len() < what.len() {
        heard.extend(next(&mut *tail).await.unwrap());
    }
    assert_eq!(heard, what);
}
