//! Access tokens are remembered, unless it is said otherwise, and end as they
//! always did.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use auth_core::key::Thumbprint;
use auth_sdk::MemoryTokenCache;
use support::{Rig, rig, rig_with};

/// Accepted or not, and how often from the cache so far.
fn sees(rig: &Rig, token: &str) -> (bool, u64) {
    let verifier = rig.auth.verifier();
    let accepted = verifier.verify_now(token).is_ok();
    (accepted, verifier.stats().hits)
}

#[tokio::test]
async fn a_remembered_token_ends_with_its_session() {
    let rig = rig().await;
    let ada = rig.ada().await;
    let token = ada.tokens.access_token.expose();
    assert_eq!(sees(&rig, token), (true, 0));
    assert_eq!(sees(&rig, token), (true, 1));
    rig.auth
        .log_out(&rig.cx, &ada.tokens.refresh_token)
        .await
        .unwrap();
    assert_eq!(sees(&rig, token), (false, 1));
}

#[tokio::test]
async fn a_remembered_token_ends_with_its_time_and_with_its_key() {
    let rig = rig().await;
    let ada = rig.ada().await;
    let token = ada.tokens.access_token.expose();
    assert!(sees(&rig, token).0 && sees(&rig, token).0);
    rig.pass(Duration::from_secs(300));
    assert_eq!(sees(&rig, token), (false, 1));

    let ada = rig.log_in("ada@example.org").await;
    let token = ada.tokens.access_token.expose();
    assert!(sees(&rig, token).0 && sees(&rig, token).0);
    // The kid of the SDK's keys is what they are.
    let jwks = serde_json::to_value(rig.auth.jwks()).unwrap();
    let kid = jwks["keys"][0]["kid"].as_str().unwrap();
    assert!(kid.parse::<Thumbprint>().is_ok());
    rig.auth.revoke_signing_key(kid).await.unwrap();
    assert_eq!(sees(&rig, token), (false, 2));
}

#[tokio::test]
async fn the_cache_is_a_choice() {
    let without = rig_with(|store| store, auth_sdk::AuthBuilder::without_token_cache).await;
    let ada = without.ada().await;
    let token = ada.tokens.access_token.expose();
    assert!(sees(&without, token).0);
    assert_eq!(sees(&without, token), (true, 0));

    let cache = Arc::new(MemoryTokenCache::default());
    let given = cache.clone();
    let with = rig_with(|store| store, |builder| builder.with_token_cache(given)).await;
    let ada = with.ada().await;
    assert!(sees(&with, ada.tokens.access_token.expose()).0);
    assert_eq!(cache.stats().entries, 1);
}
