//! Instances on one PostgreSQL change their signing key while they are used,
//! by a clock that nobody moves.
#![cfg(feature = "postgres")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod support;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use auth_core::jwt::insecure::peek;
use auth_core::{SecureRandom, SystemRandom, draw};
use auth_sdk::{
    Audience, Auth, Backend, Context, Issuer, KeyRotation, KeyState, LogIn, PgStore, SignUp,
    TokenPair,
};
use auth_testkit::servers;
use support::{PASSWORD, password, quick_pool, root};

const INSTANCES: usize = 8;

async fn instance(url: &str, schema: &str, backend: Backend) -> Auth {
    let store = PgStore::builder(url)
        .with_schema(schema)
        .with_max_connections(2)
        .connect()
        .await
        .unwrap();
    // Long enough for a machine that is busy with other things.
    let rotation = KeyRotation::never()
        .with_reload(Duration::from_millis(200))
        .with_lead(Duration::from_secs(6));
    Auth::builder(
        Issuer::new("https://auth.example").unwrap(),
        Audience::new("https://api.example").unwrap(),
        root(1),
        Arc::new(store),
    )
    .with_hash_pool(quick_pool())
    .with_signing_key_rotation(rotation)
    .with_signing_key_backend(backend)
    .build()
    .await
    .unwrap()
}

/// Each on another cryptographic library as far as there are some.
/// In a schema that no earlier run on the same server has used.
async fn fleet() -> Vec<Auth> {
    let url = servers::postgres_url().await.unwrap();
    let random: [u8; 8] = draw(&SystemRandom::new() as &dyn SecureRandom).unwrap();
    let schema = &format!("keys_{:016x}", u64::from_be_bytes(random));
    let starting = (0..INSTANCES).map(|at| {
        let backend = Backend::ALL[at % Backend::ALL.len()];
        let (url, schema) = (url.clone(), schema.clone());
        tokio::spawn(async move { instance(&url, &schema, backend).await })
    });
    let mut fleet = Vec::new();
    for task in starting.collect::<Vec<_>>() {
        fleet.push(task.await.unwrap());
    }
    let ada = SignUp::new("ada@example.org", password(PASSWORD));
    fleet[0].sign_up(&Context::new(), ada).await.unwrap();
    fleet
}

async fn log_in(auth: &Auth) -> TokenPair {
    let ada = LogIn::new("ada@example.org", password(PASSWORD));
    auth.log_in(&Context::new(), ada).await.unwrap().tokens
}

fn signer(tokens: &TokenPair) -> String {
    let header = peek(tokens.access_token.expose()).unwrap().header;
    header["kid"].as_str().unwrap().to_owned()
}

/// 46, with eight instances that start at once and rotate at once: there is one
/// key, then two, and no token that any of them would have to ask about.
#[tokio::test(flavor = "multi_thread")]
async fn c46_eight_instances_change_the_key_without_anybody_noticing() {
    let fleet = fleet().await;
    let first = fleet[0].signing_keys().await.unwrap();
    assert_eq!(
        first.len(),
        1,
        "of eight that start at once one makes a key"
    );

    let rotating = fleet
        .iter()
        .cloned()
        .map(|auth| tokio::spawn(async move { auth.rotate_signing_key().await.unwrap().kid }));
    let mut next = HashSet::new();
    for task in rotating.collect::<Vec<_>>() {
        next.insert(task.await.unwrap());
    }
    assert_eq!(
        next.len(),
        1,
        "of eight that rotate at once one makes a key"
    );

    let mut signed_by_new = 0;
    let mut old = log_in(&fleet[0]).await;
    for turn in 0..2000 {
        let tokens = log_in(&fleet[turn % INSTANCES]).await;
        for auth in &fleet {
            let verdict = auth.verifier().verify_now(tokens.access_token.expose());
            assert!(
                verdict.is_ok(),
                "{verdict:?} of a token by {}",
                signer(&tokens)
            );
        }
        if next.contains(&signer(&tokens)) {
            signed_by_new += 1;
        } else {
            old = tokens;
        }
        if signed_by_new == 3 * INSTANCES {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(signed_by_new, 3 * INSTANCES, "the new key came to sign");
    assert_eq!(signer(&old), first[0].kid);
    for auth in &fleet {
        assert!(
            auth.verifier()
                .verify_now(old.access_token.expose())
                .is_ok()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_two_instances_revoke_at_once_is_replaced_once_and_dead_everywhere() {
    let fleet = fleet().await;
    let tokens = log_in(&fleet[3]).await;
    let revoked = signer(&tokens);
    let revoking = fleet[..2].iter().cloned().map(|auth| {
        let kid = revoked.clone();
        tokio::spawn(async move { auth.revoke_signing_key(&kid).await.unwrap() })
    });
    for task in revoking.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    for auth in &fleet[..2] {
        assert!(
            auth.verifier()
                .verify(tokens.access_token.expose())
                .await
                .is_err()
        );
    }
    let keys = fleet[0].signing_keys().await.unwrap();
    let states: Vec<_> = keys.iter().map(|key| key.state).collect();
    assert_eq!(states, [KeyState::Revoked, KeyState::Active]);
    for auth in &fleet {
        let mut rounds = 0;
        while auth
            .verifier()
            .verify_now(tokens.access_token.expose())
            .is_ok()
        {
            rounds += 1;
            assert!(rounds < 3000, "the key lives on");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let tokens = log_in(auth).await;
        assert_eq!(signer(&tokens), keys[1].kid);
    }
}
