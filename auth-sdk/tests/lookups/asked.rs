//! What is asked of the store.

use std::sync::Arc;
use std::time::Duration;

use auth_core::api_key::{ApiKey, ApiKeySecret};
use auth_core::{ApiKeyId, EntropyError, SecureRandom, SystemRandom};
use auth_sdk::{Code, CreateApiKey};

use crate::keyed::{BOTH, Changed, keyed, keyed_with, scope, until};
use crate::support::NOW;

/// A key of the right form that nobody was given.
fn made_up() -> ApiKey {
    let random = SystemRandom::new();
    let id = ApiKeyId::draw(NOW, &random).unwrap();
    let secret = ApiKeySecret::draw(&random).unwrap();
    ApiKey::encode(&"acme_live".parse().unwrap(), id, &secret)
}

#[tokio::test]
async fn a_thousand_uses_of_a_key_ask_the_store_once() {
    for changed in BOTH {
        let keyed = keyed(changed).await;
        let made = keyed.key().await;
        let use_it = async {
            for _ in 0..1000 {
                assert_eq!(keyed.code(&made.key).await, None);
            }
        };
        assert_eq!(keyed.finds(use_it).await, 1, "{changed:?}");
        until(async || keyed.unsure.notes() > 0).await;
        assert_eq!(keyed.unsure.notes(), 1, "{changed:?}");
        let stats = keyed.rig.auth.lookup_cache_stats().unwrap();
        let stats = stats.api_keys.unwrap();
        assert_eq!((stats.loads, stats.hits), (1, 999), "{changed:?}");
    }
}

#[tokio::test]
async fn a_use_is_noted_once_a_minute_as_without_a_cache() {
    let keyed = keyed(Changed::Anywhere).await;
    let made = keyed.hot().await;
    until(async || keyed.unsure.notes() == 1).await;
    for minutes in 2..5 {
        keyed.rig.pass(Duration::from_secs(61));
        for _ in 0..10 {
            assert_eq!(keyed.code(&made.key).await, None);
        }
        until(async || keyed.unsure.notes() == minutes).await;
    }
}

#[tokio::test]
async fn a_made_up_key_asks_the_store_once_in_two_seconds() {
    for changed in BOTH {
        let keyed = keyed(changed).await;
        let nobodys = made_up();
        let ask = async || {
            for _ in 0..100 {
                assert_eq!(keyed.code(&nobodys).await, Some(Code::InvalidToken));
            }
        };
        assert_eq!(keyed.finds(ask()).await, 1, "{changed:?}");
        keyed.rig.pass(Duration::from_secs(2));
        assert_eq!(keyed.finds(ask()).await, 1, "{changed:?}");
    }
}

/// Made-up keys are of no value, and take no value's place.
#[tokio::test]
async fn made_up_keys_push_out_none_that_are_in_use() {
    let keyed = keyed(Changed::Anywhere).await;
    let made = keyed.hot().await;
    for _ in 0..15_000 {
        assert_eq!(keyed.code(&made_up()).await, Some(Code::InvalidToken));
    }
    assert_eq!(keyed.finds(keyed.code(&made.key)).await, 0);
    let stats = keyed.rig.auth.lookup_cache_stats().unwrap();
    let stats = stats.api_keys.unwrap();
    assert!(stats.negative_entries <= 10_000, "{stats:?}");
}

/// Draws the same all the time.
#[derive(Debug)]
struct Foreseen;

impl SecureRandom for Foreseen {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), EntropyError> {
        buffer.fill(7);
        Ok(())
    }
}

#[tokio::test]
async fn a_key_that_was_asked_for_before_it_was_made_works_at_once() {
    for changed in BOTH {
        let keyed = keyed_with(changed, |it| it.with_random(Arc::new(Foreseen))).await;
        let id = ApiKeyId::draw(NOW, &Foreseen).unwrap();
        let secret = ApiKeySecret::draw(&Foreseen).unwrap();
        let foreseen = ApiKey::encode(&"acme_live".parse().unwrap(), id, &secret);
        assert_eq!(keyed.code(&foreseen).await, Some(Code::InvalidToken));
        let made = keyed
            .create(CreateApiKey::new("foreseen", scope("read")))
            .await;
        assert_eq!(made.key.expose(), foreseen.expose());
        assert_eq!(keyed.code(&foreseen).await, None, "{changed:?}");
    }
}

#[tokio::test]
async fn an_outage_is_not_remembered_and_is_no_answer() {
    for changed in BOTH {
        let keyed = keyed(changed).await;
        let made = keyed.key().await;
        keyed.unsure.set_down(true);
        for _ in 0..3 {
            assert_eq!(keyed.code(&made.key).await, Some(Code::Unavailable));
            assert_eq!(keyed.code(&made_up()).await, Some(Code::Unavailable));
        }
        keyed.unsure.set_down(false);
        assert_eq!(keyed.code(&made.key).await, None, "{changed:?}");
    }
}

#[tokio::test]
async fn without_the_store_a_key_in_use_works_for_a_minute_and_no_longer() {
    for changed in BOTH {
        let keyed = keyed(changed).await;
        let made = keyed.hot().await;
        keyed.unsure.set_down(true);
        keyed.rig.pass(Duration::from_secs(50));
        assert_eq!(keyed.code(&made.key).await, None, "{changed:?}");
        keyed.rig.pass(Duration::from_secs(10));
        let refused = keyed.code(&made.key).await;
        assert_eq!(refused, Some(Code::Unavailable), "{changed:?}");
    }
}

/// A wrong secret is refused by what the store says, and costs those who have the
/// right one nothing.
#[tokio::test]
async fn a_wrong_secret_is_held_against_the_store() {
    let keyed = keyed(Changed::Anywhere).await;
    let made = keyed.hot().await;
    let secret = ApiKeySecret::draw(&SystemRandom::new()).unwrap();
    let wrong = ApiKey::encode(&"acme_live".parse().unwrap(), made.info.id, &secret);
    assert_eq!(keyed.code(&wrong).await, Some(Code::InvalidToken));
    assert_eq!(keyed.finds(keyed.code(&made.key)).await, 0);
    keyed.unsure.set_down(true);
    let refused = keyed.code(&wrong).await;
    assert_eq!(refused, Some(Code::Unavailable), "neither yes nor no");
    assert_eq!(keyed.code(&made.key).await, None);
}
