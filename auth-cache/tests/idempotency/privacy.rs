//! What whoever reads Redis learns.

use std::fmt::Write as _;

use auth_core::idempotency::{Begun, IdempotencyKey, IdempotencyStore, IdempotentRequest};
use auth_core::{RootSecrets, SystemRandom, TenantId};
use redis::aio::MultiplexedConnection;
use uuid::Uuid;

use super::support::{KEEP, LEASE, World, owner};

async fn ask<T: redis::FromRedisValue>(stranger: &mut MultiplexedConnection, words: &[&[u8]]) -> T {
    let mut command = redis::Cmd::new();
    for word in words {
        command.arg(*word);
    }
    command.query_async(stranger).await.unwrap()
}

fn holds(hay: &[u8], needle: &[u8]) -> bool {
    hay.windows(needle.len()).any(|window| window == needle)
}

/// Neither tenant, route, caller, key, body nor answer, as they are or in hex, while it is
/// done and after.
#[tokio::test]
async fn redis_is_told_nothing_that_can_be_read() {
    let world = World::start().await;
    let process = world.process();
    let client = redis::Client::open(world.server.url()).unwrap();
    let mut stranger = client.get_multiplexed_async_connection().await.unwrap();
    let roots = RootSecrets::new(world.root.clone());
    let tenant = Uuid::from_u128(0x0198_dead_beef_7abc_8def_0123_4567_89ab);
    let key = IdempotencyKey::from_header(b"the-clients-own-key").unwrap();
    let request = IdempotentRequest::new(
        &roots,
        TenantId::from_uuid(tenant),
        "POST /a/secret/route",
        b"ada@example.org",
        &key,
        &[b"the body of it"],
    );
    let own = owner();
    let begun = process.begin_request(&request, own, LEASE, KEEP).await;
    assert_eq!(begun.unwrap(), Begun::Owned);
    for round in 0..2 {
        let names: Vec<Vec<u8>> = ask(&mut stranger, &[b"KEYS", b"*"]).await;
        let mut all = Vec::new();
        for name in &names {
            let fields: Vec<Vec<u8>> = ask(&mut stranger, &[b"HGETALL", name]).await;
            assert_eq!(fields.len(), 8);
            all.push(name.clone());
            all.extend(fields);
        }
        assert_eq!(names.len(), 1);
        let text = String::from_utf8(names[0].clone()).unwrap();
        assert!(text.starts_with("auth:idempotency:{"), "{text}");
        let tenant_text = tenant.to_string();
        let secrets: [&[u8]; 8] = [
            tenant.as_bytes(),
            tenant_text.as_bytes(),
            b"secret/route",
            b"ada@example",
            b"the-clients-own-key",
            b"the body",
            b"the answer",
            // Of caller and key, which could be guessed at.
            &request.key[..4],
        ];
        for secret in secrets {
            let mut hex = String::new();
            for byte in secret {
                write!(hex, "{byte:02x}").unwrap();
            }
            for one in &all {
                assert!(!holds(one, secret), "{}", String::from_utf8_lossy(secret));
                assert!(!holds(one, hex.as_bytes()), "{hex}");
            }
        }
        if round == 0 {
            let sealed = request.seal(&roots, b"the answer", &SystemRandom::new());
            let sealed = sealed.unwrap();
            let completed = process.complete_request(&request, own, Some(&sealed));
            assert!(completed.await.unwrap());
        }
    }
}
