//! A server that makes no sense.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::fake::{Fake, Reply};
use super::support::{ask, bulk, call, until_answered};
use crate::redis::{LinkErrorKind, RedisLink};

/// What the first connection answers to `GET`, and how the call ends; by then another
/// connection has taken its place.
async fn after(reply: impl Fn() -> Reply + Send + Sync + 'static) -> LinkErrorKind {
    let fake = Fake::start(move |connection, _| match connection {
        0 => reply(),
        _ => Reply::bulk("good"),
    });
    let link = RedisLink::single(&fake.url()).unwrap().build().unwrap();
    let first = link.call(&call(&["GET", "k"])).await.unwrap_err();
    until_answered(&link, &["GET", "k"]).await;
    let second = link.call(&call(&["GET", "k"])).await.unwrap();
    assert_eq!(second.value, bulk("good"));
    // The fake's identity is the number of the connection.
    assert_ne!(second.server.as_bytes(), b"0");
    first.kind().clone()
}

#[tokio::test]
async fn f05_what_is_no_answer_ends_the_connection() {
    for garbage in [
        &b"HTTP/1.1 400 Bad Request\r\n\r\n"[..],
        b"\0\0\0\0",
        b"$abc\r\n",
        b":twelve\r\n",
        b"$3\r\nabcdef\r\n",
        b"%-5\r\n",
    ] {
        let kind = after(|| Reply::Say(garbage.to_vec())).await;
        assert_eq!(kind, LinkErrorKind::WrongReply, "{garbage:?}");
    }
}

#[tokio::test]
async fn f05_half_an_answer_is_none() {
    for half in [&b""[..], b"$5\r\nab", b"*2\r\n$1\r\na\r\n", b"$5\r", b"+O"] {
        let kind = after(|| Reply::Last(half.to_vec())).await;
        assert!(
            matches!(kind, LinkErrorKind::Broken | LinkErrorKind::WrongReply),
            "{half:?} {kind:?}"
        );
    }
    // Without the end of the connection, it is only not there yet.
    let kind = after(|| Reply::Say(b"$5\r\nab".to_vec())).await;
    assert_eq!(kind, LinkErrorKind::TimedOut);
}

#[tokio::test]
async fn f05_an_answer_that_is_too_large_is_not_gathered() {
    let before = most_memory();
    for header in [
        &b"$536870912\r\n"[..],
        b"*1000000000\r\n",
        b"%500000000000000000\r\n",
        b"+",
        b"*1\r\n",
    ] {
        let rest = if header == b"*1\r\n" {
            b"*1\r\n".repeat(1024)
        } else {
            vec![b'x'; 64 * 1024]
        };
        let kind = after(move || Reply::Flood(header.to_vec(), rest.clone())).await;
        assert_eq!(kind, LinkErrorKind::WrongReply, "{header:?}");
    }
    if let (Some(before), Some(after)) = (before, most_memory()) {
        let grown = after - before;
        eprintln!("{grown} KiB more");
        assert!(grown < 100 * 1024, "{grown} KiB");
    }
}

/// In KiB, where the system tells.
fn most_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok()
}

#[tokio::test]
async fn f05_an_answer_of_another_kind_is_passed_on_as_it_is() {
    let fake = Fake::start(|_, _| Reply::Say(b"*1\r\n:7\r\n".to_vec()));
    let link = RedisLink::single(&fake.url()).unwrap().build().unwrap();
    let value = ask(&link, &["GET", "k"]).await.unwrap();
    assert_eq!(value, redis::Value::Array(vec![redis::Value::Int(7)]));
}

#[tokio::test]
async fn f05_an_answer_is_never_attributed_to_another_connection() {
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    // Each connection is another server, and hangs up after some answers.
    let fake = Fake::start(|connection, _| {
        let answer = format!("${}\r\n{connection}\r\n", connection.to_string().len());
        match ASKED.fetch_add(1, Ordering::SeqCst) % 7 {
            6 => Reply::Last(answer.into_bytes()),
            _ => Reply::Say(answer.into_bytes()),
        }
    });
    let link = RedisLink::single(&fake.url()).unwrap().build().unwrap();
    let (mut answered, mut servers) = (0, std::collections::HashSet::new());
    while answered < 200 {
        let gets = [call(&["GET", "a"]), call(&["GET", "b"])];
        for answer in link.send(&gets).await.into_iter().flatten() {
            assert_eq!(
                answer.value,
                redis::Value::BulkString(answer.server.as_bytes().to_vec())
            );
            servers.insert(answer.server);
            answered += 1;
        }
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
    assert!(servers.len() > 10, "{servers:?}");
}
