//! What the issuer shows changes, or should not be used.

use std::time::Duration;

use auth_core::key::{KeySource, SigningKey};
use serde_json::json;

use crate::support::{
    COOL_DOWN, Rig, answer, cold_rig, jwks, logged, new_key, record_logs, rig, token, verifier,
    with_member,
};

const INTERVAL: Duration = Duration::from_secs(300);

fn named(kid: &str) -> SigningKey {
    new_key().with_kid(kid).unwrap()
}

/// Lets the refresh ahead of time happen.
async fn refreshed(rig: &Rig) {
    let before = rig.script.fetches();
    rig.pass(INTERVAL).await;
    assert_eq!(rig.script.fetches(), before + 1);
}

#[tokio::test(start_paused = true)]
async fn a_new_key_is_found_by_its_unknown_id() {
    let rig = rig().await;
    let new = new_key();
    rig.script.says(jwks([&rig.key, &new]));
    assert_eq!(rig.answer(&rig.token_of(&new)).await, "good");
    assert_eq!(rig.answer(&rig.token()).await, "good");
}

#[tokio::test(start_paused = true)]
async fn a_new_key_is_known_ahead_and_a_withdrawn_one_gone_after_an_interval() {
    let rig = rig().await;
    let new = new_key();
    rig.script.says(jwks([&new]));
    refreshed(&rig).await;
    rig.verifier.verify_now(&rig.token_of(&new)).unwrap();
    assert_eq!(rig.answer(&rig.token()).await, "unknown key");
}

#[tokio::test(start_paused = true)]
async fn a_reused_id_names_the_new_material_only() {
    record_logs();
    let rig = rig().await;
    let (old, new) = (named("same"), named("same"));
    rig.script.says(jwks([&old]));
    assert_eq!(rig.answer(&rig.token_of(&old)).await, "good");
    rig.script.says(jwks([&new]));
    refreshed(&rig).await;
    assert_eq!(rig.answer(&rig.token_of(&new)).await, "good");
    assert_eq!(rig.answer(&rig.token_of(&old)).await, "bad signature");
    assert_eq!(logged("names another key than before"), 1);
}

#[tokio::test(start_paused = true)]
async fn c45_a_set_with_private_members_is_refused_and_the_last_good_one_kept() {
    record_logs();
    let rig = rig().await;
    let new = new_key();
    for member in ["d", "k", "p", "q"] {
        rig.script
            .says(with_member(&jwks([&new, &rig.key]), member, "AAAA"));
        rig.pass(COOL_DOWN).await;
        assert_eq!(rig.answer(&rig.token_of(&new)).await, "unavailable");
        assert_eq!(rig.answer(&rig.token()).await, "good");
    }
    let secret = json!({ "keys": [{ "kty": "oct", "alg": "HS256", "k": "A".repeat(64) }] });
    rig.script.says(secret.to_string());
    rig.pass(COOL_DOWN).await;
    assert_eq!(rig.answer(&rig.token()).await, "good");
    assert!(logged("ERROR") >= 5);
    assert_eq!(rig.keys.stats().keys, 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_no_key_set_is_a_failure_and_the_last_good_one_kept() {
    let rig = rig().await;
    let huge = format!("{{\"keys\":[{}]}}", "{},".repeat(100_000) + "{}");
    let many: Vec<_> = (0..101).map(|_| new_key()).collect();
    let many: Vec<_> = many
        .iter()
        .map(|key| json!(key.verifying_key().to_jwk()))
        .collect();
    let twice = [named("same"), named("same")].map(|key| json!(key.verifying_key().to_jwk()));
    let bodies: [Vec<u8>; 9] = [
        huge.into_bytes(),
        json!({ "keys": many }).to_string().into_bytes(),
        json!({ "keys": twice }).to_string().into_bytes(),
        "[".repeat(200_000).into_bytes(),
        b"<html>".to_vec(),
        b"{}".to_vec(),
        b"".to_vec(),
        b"{\"keys\":[]} trailing".to_vec(),
        vec![0xff; 64],
    ];
    for (failures, body) in (1..).zip(bodies) {
        rig.script.says(body);
        rig.clock.advance(COOL_DOWN);
        assert_eq!(rig.answer(&rig.forged("new")).await, "unavailable");
        assert_eq!(rig.keys.stats().failures, failures);
        assert_eq!(rig.answer(&rig.token()).await, "good");
    }
}

#[tokio::test(start_paused = true)]
async fn c44_keys_that_cannot_be_used_are_skipped_and_said_once() {
    record_logs();
    let rig = rig().await;
    let mut set: serde_json::Value = serde_json::from_str(&jwks([&rig.key])).unwrap();
    let keys = set["keys"].as_array_mut().unwrap();
    keys.push(json!({ "kty": "post-quantum", "kid": "later" }));
    rig.script.says(set.to_string());
    for _ in 0..3 {
        refreshed(&rig).await;
    }
    assert_eq!(logged("skipped"), 1);
    assert_eq!(rig.answer(&rig.token()).await, "good");
}

#[tokio::test(start_paused = true)]
async fn an_issuer_that_shows_no_key_at_all_is_trusted_in_nothing() {
    let rig = rig().await;
    rig.script.says(r#"{"keys":[]}"#);
    refreshed(&rig).await;
    // It may be a slip: the caller is told to come again, not to log in again.
    assert_eq!(rig.answer(&rig.token()).await, "unavailable");
    rig.script.says(jwks([&rig.key]));
    rig.pass(COOL_DOWN).await;
    assert_eq!(rig.answer(&rig.token()).await, "good");
}

#[tokio::test(start_paused = true)]
async fn a_key_of_one_issuer_is_no_key_of_another() {
    const OTHER: &str = "https://other.example";
    let (one, two) = (rig().await, cold_rig(|builder| builder));
    let others = verifier(OTHER, &two.keys, &two.clock);
    let now = auth_core::Clock::now(&*two.clock).wall;
    assert_eq!(answer(&others, &token(OTHER, &two.key, now)).await, "good");
    assert_eq!(one.answer(&one.token()).await, "good");
    // By the key of the one in the name of the other.
    assert_eq!(
        answer(&others, &token(OTHER, &one.key, now)).await,
        "unknown key"
    );
    assert_eq!(one.answer(&one.token_of(&two.key)).await, "unknown key");
    assert!(!one.keys.keys().contains(two.key.verifying_key().kid()));
}
