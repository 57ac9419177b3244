//! Finding the keys by the issuer's name.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use auth_cache::jwks::{
    Discovery, DiscoveryError, Fetch, FetchError, FetchErrorKind, Fetched, LocationError,
    RemoteJwksBuilder, Url,
};
use auth_core::Issuer;
use serde_json::json;

use crate::support::{NAME, jwks, new_key};

const OPENID: &str = "https://auth.example/.well-known/openid-configuration";
const OAUTH: &str = "https://auth.example/.well-known/oauth-authorization-server";
const KEYS: &str = "https://auth.example/keys";

/// Some pages; everything else is not found.
#[derive(Debug)]
struct Pages(HashMap<String, String>);

#[async_trait]
impl Fetch for Pages {
    async fn fetch(&self, url: &Url) -> Result<Fetched, FetchError> {
        let page = self.0.get(url.as_str());
        Fetched::new(page.ok_or(FetchErrorKind::Status(404))?.as_str())
    }
}

fn metadata(issuer: &str, jwks_uri: &str) -> String {
    json!({ "issuer": issuer, "jwks_uri": jwks_uri, "token_endpoint": "…" }).to_string()
}

async fn find<const N: usize>(
    issuer: &str,
    pages: [(&str, String); N],
) -> Result<RemoteJwksBuilder, DiscoveryError> {
    let pages = pages.map(|(url, page)| (url.to_owned(), page));
    let issuer = Issuer::new(issuer).unwrap();
    Discovery::new(&issuer, Arc::new(Pages(HashMap::from(pages))))
        .find()
        .await
}

#[tokio::test]
async fn keys_are_found_by_either_standard() {
    for place in [OPENID, OAUTH] {
        let pages = [(place, metadata(NAME, KEYS)), (KEYS, jwks([&new_key()]))];
        let keys = find(NAME, pages).await.unwrap().build().unwrap();
        keys.ready().await.unwrap();
        assert_eq!(keys.stats().keys, 1);
    }
}

#[tokio::test]
async fn an_issuer_with_a_path_is_asked_where_the_standards_say() {
    let issuer = "https://auth.example/tenant/";
    for place in [
        "https://auth.example/tenant/.well-known/openid-configuration",
        "https://auth.example/.well-known/oauth-authorization-server/tenant",
    ] {
        find(issuer, [(place, metadata(issuer, KEYS))])
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn metadata_of_another_issuer_is_refused() {
    for other in [
        "https://auth.example/",
        "https://AUTH.example",
        "https://auth.example:443",
        "https://evil.example",
    ] {
        let found = find(NAME, [(OPENID, metadata(other, KEYS))]).await;
        assert!(matches!(found, Err(DiscoveryError::OtherIssuer)), "{other}");
    }
}

#[tokio::test]
async fn c47_keys_on_another_origin_are_refused() {
    for elsewhere in [
        "https://evil.example/keys",
        "https://auth.example:8443/keys",
        "https://auth.example.evil.example/keys",
        "https://keys.auth.example/keys",
    ] {
        let found = find(NAME, [(OPENID, metadata(NAME, elsewhere))]).await;
        assert!(
            matches!(found, Err(DiscoveryError::OtherOrigin)),
            "{elsewhere}"
        );
    }
}

#[tokio::test]
async fn keys_at_no_address_to_be_asked_are_refused() {
    use LocationError::{Malformed, NotHttps, Parts};
    for (jwks_uri, reason) in [
        ("http://auth.example/keys", NotHttps),
        ("file:///keys", NotHttps),
        ("/keys", Malformed),
        ("https://auth.example@evil.example/keys", Parts),
    ] {
        match find(NAME, [(OPENID, metadata(NAME, jwks_uri))]).await {
            Err(DiscoveryError::JwksUri(why)) => assert_eq!(why, reason, "{jwks_uri}"),
            other => panic!("{jwks_uri}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn c47_an_issuer_that_is_no_https_address_is_not_asked() {
    for issuer in [
        "http://auth.example",
        "http://127.0.0.1",
        "auth.example",
        "https://me:pw@auth.example",
        "https://auth.example?tenant=1",
        "https://auth.example/#x",
    ] {
        let found = find(issuer, []).await;
        assert!(matches!(found, Err(DiscoveryError::Issuer(_))), "{issuer}");
    }
}

#[tokio::test]
async fn metadata_that_is_none_is_malformed_and_is_not_looked_for_elsewhere() {
    let twice = format!(r#"{{"issuer":"{NAME}","issuer":"{NAME}","jwks_uri":"{KEYS}"}}"#);
    for text in ["", "[]", "{}", r#"{"issuer":1,"jwks_uri":2}"#, &twice] {
        let pages = [(OPENID, text.to_owned()), (OAUTH, metadata(NAME, KEYS))];
        let found = find(NAME, pages).await;
        assert!(matches!(found, Err(DiscoveryError::Malformed)), "{text}");
    }
    let missing = find(NAME, []).await;
    assert!(matches!(missing, Err(DiscoveryError::Fetch(_))));
}
