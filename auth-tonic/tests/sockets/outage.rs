//! What cannot be judged is neither good nor bad: 54.

use std::sync::Arc;
use std::time::Duration;

use auth_core::Requirement;
use auth_tonic::{AuthLayer, MethodPolicy, RETRY_PUSHBACK};

use crate::client::{Client, INVALID, OUTAGE, next, said};
use crate::server::{Orders, serve};
use crate::tokens::Authority;

const WHOAMI: &str = "/shop.v1.Orders/WhoAmI";
const WATCH: &str = "/shop.v1.Orders/Watch";

async fn client(authority: &Authority) -> Client {
    let policy = MethodPolicy::new().service::<Orders>(Requirement::authenticated());
    let layer =
        AuthLayer::new(authority.verifier(), policy).with_recheck(Duration::from_millis(20));
    Client::new(serve(layer, Arc::default()).await).with_token(&authority.token(""))
}

#[tokio::test]
async fn an_outage_is_unavailable_and_says_when_to_try_again() {
    let (authority, _) = Authority::new();
    let client = client(&authority).await;
    authority.keys.lose();
    let failure = client.unary(WHOAMI, "").await.unwrap_err();
    assert_eq!(said(&failure), OUTAGE);
    assert_eq!(failure.metadata().get(RETRY_PUSHBACK).unwrap(), "1000");
}

#[tokio::test]
async fn a_key_that_asking_brings_lets_the_call_in() {
    let (authority, _) = Authority::new();
    let client = client(&authority).await;
    authority.keys.mislay();
    assert_eq!(
        client.unary(WHOAMI, "").await.unwrap(),
        authority.user.to_string()
    );
}

#[tokio::test]
async fn a_key_that_asking_does_not_bring_is_no_key() {
    let (authority, _) = Authority::new();
    let client = client(&authority).await;
    authority.keys.withdraw();
    assert_eq!(said(&client.unary(WHOAMI, "").await.unwrap_err()), INVALID);
}

#[tokio::test]
async fn a_stream_ends_as_unavailable_when_it_cannot_be_judged_any_more() {
    let (authority, _) = Authority::new();
    let mut stream = client(&authority)
        .await
        .server_streaming(WATCH)
        .await
        .unwrap();
    assert_eq!(next(&mut stream).await.unwrap().as_deref(), Some("first"));
    authority.keys.lose();
    let end = next(&mut stream).await.unwrap_err();
    assert_eq!(said(&end), OUTAGE);
    assert_eq!(end.metadata().get(RETRY_PUSHBACK).unwrap(), "1000");
}

#[tokio::test]
async fn a_stream_goes_on_when_asking_decides_for_it() {
    let (authority, _) = Authority::new();
    let mut stream = client(&authority)
        .await
        .server_streaming(WATCH)
        .await
        .unwrap();
    assert_eq!(next(&mut stream).await.unwrap().as_deref(), Some("first"));
    authority.keys.mislay();
    let quiet = tokio::time::timeout(Duration::from_millis(200), stream.message()).await;
    assert!(quiet.is_err(), "{quiet:?}");
    authority.keys.withdraw();
    assert_eq!(said(&next(&mut stream).await.unwrap_err()), INVALID);
}
