//! What a test's network promises.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use auth_testkit::servers::{Direction, Proxy, Verdict};

/// A server that answers with what it is asked.
fn echo() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for client in listener.incoming() {
            thread::spawn(move || {
                let mut client = client.unwrap();
                let mut answers = client.try_clone().unwrap();
                std::io::copy(&mut client, &mut answers).ok();
                answers.shutdown(std::net::Shutdown::Write).ok();
            });
        }
    });
    address
}

fn connect(proxy: &Proxy) -> TcpStream {
    let client = TcpStream::connect(proxy.address()).unwrap();
    let guard = Some(Duration::from_secs(10));
    client.set_read_timeout(guard).unwrap();
    client
}

/// What comes back before the end, and whether it was an end at all.
fn ask(client: &mut TcpStream, question: &[u8]) -> Vec<u8> {
    client.write_all(question).ok();
    let mut answer = vec![0; question.len()];
    let mut read = 0;
    while read < answer.len() {
        match client.read(&mut answer[read..]) {
            Ok(0) => break,
            Ok(more) => read += more,
            Err(error) if error.kind() == ErrorKind::WouldBlock => panic!("neither answer nor end"),
            Err(_) => break,
        }
    }
    answer.truncate(read);
    answer
}

#[test]
fn what_is_said_arrives_and_so_does_its_end() {
    let proxy = Proxy::to(&echo()).unwrap();
    let mut client = connect(&proxy);
    assert_eq!(ask(&mut client, b"hello"), b"hello");
    client.write_all(b"and").unwrap();
    client.shutdown(std::net::Shutdown::Write).unwrap();
    let mut rest = String::new();
    client.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "and");
}

#[test]
fn a_url_keeps_everything_but_its_server() {
    let server = echo();
    let proxy = Proxy::before(&format!("postgres://me:pass@{server}/db?a=b")).unwrap();
    let expected = format!("postgres://me:pass@{}/db?a=b", proxy.address());
    assert_eq!(proxy.url(), expected);
    let proxy = Proxy::before(&format!("redis://{server}")).unwrap();
    assert_eq!(proxy.url(), format!("redis://{}", proxy.address()));
    Proxy::before("nothing").unwrap_err();
}

#[test]
fn a_rule_cuts_at_any_byte_in_either_direction() {
    for (at, arrives) in [(Direction::ToServer, 3), (Direction::ToClient, 3)] {
        let proxy = Proxy::to(&echo()).unwrap();
        let mut client = connect(&proxy);
        assert_eq!(ask(&mut client, b"before"), b"before");
        proxy.rule(move |piece| {
            assert_eq!(piece.connection, 0);
            if piece.direction == at {
                Verdict::Cut { after: 3 }
            } else {
                Verdict::Pass
            }
        });
        let answer = ask(&mut client, b"asked");
        assert!(answer.len() <= arrives, "{answer:?}");
        if at == Direction::ToClient {
            assert!(b"asked".starts_with(&answer));
        }
        assert_eq!(ask(&mut client, b"after"), b"", "it stays cut");
        proxy.no_rule();
        assert_eq!(ask(&mut connect(&proxy), b"again"), b"again");
    }
}

#[test]
fn a_cut_never_lets_a_whole_piece_through() {
    let proxy = Proxy::to(&echo()).unwrap();
    proxy.rule(|_| Verdict::Cut { after: usize::MAX });
    assert_eq!(ask(&mut connect(&proxy), b"x"), b"");
}

#[test]
fn a_rule_says_something_else_or_nothing() {
    let proxy = Proxy::to(&echo()).unwrap();
    let mut client = connect(&proxy);
    proxy.rule(|piece| match piece.bytes {
        b"lost" => Verdict::Instead(Vec::new()),
        b"one" if piece.direction == Direction::ToClient => Verdict::Instead(b"eno".into()),
        _ => Verdict::Pass,
    });
    assert_eq!(ask(&mut client, b"one"), b"eno");
    client.write_all(b"lost").unwrap();
    let short = Some(Duration::from_millis(100));
    client.set_read_timeout(short).unwrap();
    let silent = client.read(&mut [0; 4]).unwrap_err();
    assert_eq!(silent.kind(), ErrorKind::WouldBlock);
    client
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    assert_eq!(ask(&mut client, b"two"), b"two", "the link is well");
}

#[test]
fn what_is_frozen_is_silent_and_loses_nothing() {
    let proxy = Proxy::to(&echo()).unwrap();
    let mut client = connect(&proxy);
    proxy.freeze();
    client.write_all(b"held").unwrap();
    let short = Some(Duration::from_millis(100));
    client.set_read_timeout(short).unwrap();
    let silent = client.read(&mut [0; 4]).unwrap_err();
    assert_eq!(silent.kind(), ErrorKind::WouldBlock);
    let guard = Some(Duration::from_secs(10));
    client.set_read_timeout(guard).unwrap();
    proxy.thaw();
    let mut held = [0; 4];
    client.read_exact(&mut held).unwrap();
    assert_eq!(&held, b"held");
}

#[test]
fn who_is_refused_is_heard_again_later() {
    let proxy = Proxy::to(&echo()).unwrap();
    let mut client = connect(&proxy);
    assert_eq!(ask(&mut client, b"one"), b"one");
    proxy.refuse();
    assert_eq!(ask(&mut client, b"two"), b"");
    assert_eq!(ask(&mut connect(&proxy), b"three"), b"");
    proxy.accept();
    assert_eq!(ask(&mut connect(&proxy), b"four"), b"four");
    proxy.cut();
    assert_eq!(ask(&mut connect(&proxy), b"five"), b"five");
}

#[test]
fn a_delay_holds_each_piece_up_and_the_end_of_the_proxy_cuts() {
    let proxy = Proxy::to(&echo()).unwrap();
    let mut client = connect(&proxy);
    proxy.delay(Duration::from_millis(100));
    let (sent, received) = channel();
    let mut asking = client.try_clone().unwrap();
    thread::spawn(move || sent.send(ask(&mut asking, b"slow")));
    received
        .recv_timeout(Duration::from_millis(100))
        .unwrap_err();
    assert_eq!(
        received.recv_timeout(Duration::from_secs(10)).unwrap(),
        b"slow"
    );
    drop(proxy);
    assert_eq!(ask(&mut client, b"gone"), b"");
}
