//! The background task, and what cannot be built.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use auth_cache::jwks::{
    Fetch, FetchError, Fetched, LocationError, RemoteJwks, RemoteJwksBuildError, Url,
};
use auth_core::key::KeySource;

use crate::support::{DAY, Script, rig};

const URL: &str = "https://auth.example/jwks";

#[tokio::test(start_paused = true)]
async fn the_background_task_ends_with_the_last_handle() {
    let rig = rig().await;
    let (script, clone) = (rig.script.clone(), rig.keys.clone());
    drop(rig);
    tokio::time::sleep(DAY / 24).await;
    let fetches = script.fetches();
    assert!(fetches >= 12, "{fetches}");
    assert_eq!(Arc::strong_count(&script), 2);
    drop(clone);
    tokio::time::sleep(DAY).await;
    assert_eq!(script.fetches(), fetches);
    assert_eq!(Arc::strong_count(&script), 1);
}

#[test]
fn without_its_runtime_known_keys_stay_and_unknown_ones_are_unavailable() {
    let runtime = || tokio::runtime::Runtime::new().unwrap();
    let first = runtime();
    let rig = first.block_on(rig());
    drop(first);
    rig.verifier.verify_now(&rig.token()).unwrap();
    runtime().block_on(rig.keys.refresh("new")).unwrap_err();
}

#[derive(Debug)]
struct Panics;

#[async_trait]
impl Fetch for Panics {
    async fn fetch(&self, _url: &Url) -> Result<Fetched, FetchError> {
        panic!("a fetch of somebody's own")
    }
}

#[tokio::test(start_paused = true)]
async fn a_fetch_that_panics_is_a_failure_like_any_other() {
    let keys = RemoteJwks::builder(URL, Arc::new(Panics)).build().unwrap();
    keys.ready().await.unwrap_err();
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(keys.stats().failures > 3);
}

#[tokio::test]
async fn what_is_unsafe_is_refused_by_name() {
    let second = Duration::from_secs(1);
    let build = |url| RemoteJwks::builder(url, Script::new(""));
    let plain = build("http://auth.example/jwks").build().unwrap_err();
    assert_eq!(
        plain,
        RemoteJwksBuildError::Location(LocationError::NotHttps)
    );
    let often = build(URL).with_refresh_interval(second / 2).build();
    assert_eq!(often.unwrap_err(), RemoteJwksBuildError::TooOften);
    let often = build(URL).with_cool_down(Duration::ZERO).build();
    assert_eq!(often.unwrap_err(), RemoteJwksBuildError::TooOften);
    let age = build(URL).with_max_age(second * 299).build();
    assert_eq!(age.unwrap_err(), RemoteJwksBuildError::MaxAge);
    build(URL)
        .with_refresh_interval(Duration::MAX)
        .with_max_age(Duration::MAX)
        .build()
        .unwrap();
}

#[test]
fn without_a_runtime_there_is_an_error_and_no_panic() {
    let built = RemoteJwks::builder(URL, Script::new("")).build();
    assert_eq!(built.unwrap_err(), RemoteJwksBuildError::NoRuntime);
}
