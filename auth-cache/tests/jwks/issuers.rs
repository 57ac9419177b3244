//! Several remote issuers in one verifier.

use std::sync::Arc;

use auth_cache::jwks::RemoteJwks;
use auth_core::jwt::TokenError;
use auth_core::key::SigningKey;
use auth_core::verifier::{TrustedIssuer, Verifier, VerifyError};
use auth_core::{Audience, Clock, Issuer, ManualClock, Timestamp};

use crate::support::{Script, answer, jwks, new_key, token};

const ONE: &str = "https://one.example";
const TWO: &str = "https://two.example";

struct Side {
    key: SigningKey,
    script: Arc<Script>,
    keys: RemoteJwks,
}

fn side(name: &str, kid: &str, clock: &Arc<ManualClock>) -> Side {
    let key = new_key().with_kid(kid).unwrap();
    let script = Script::new(jwks([&key]));
    let builder = RemoteJwks::builder(&format!("{name}/jwks"), script.clone());
    let keys = builder.with_clock(clock.clone()).build().unwrap();
    Side { key, script, keys }
}

struct Rig {
    one: Side,
    two: Side,
    clock: Arc<ManualClock>,
    verifier: Verifier,
}

impl Rig {
    fn token(&self, issuer: &str, key: &SigningKey) -> String {
        token(issuer, key, self.clock.now().wall)
    }

    fn fetches(&self) -> (u64, u64) {
        (self.one.script.fetches(), self.two.script.fetches())
    }

    async fn answer(&self, issuer: &str, key: &SigningKey) -> &'static str {
        answer(&self.verifier, &self.token(issuer, key)).await
    }
}

/// Both issuers call their keys the same.
async fn rig() -> Rig {
    let clock = Arc::new(ManualClock::at(Timestamp::from_unix_seconds(1_800_000_000)));
    let (one, two) = (side(ONE, "key", &clock), side(TWO, "key", &clock));
    one.keys.ready().await.unwrap();
    two.keys.ready().await.unwrap();
    let audience = Audience::new("https://api.example").unwrap();
    let name = |name: &str| Issuer::new(name).unwrap();
    let other = TrustedIssuer::new(&name(TWO), &audience, Arc::new(two.keys.clone()));
    let verifier = Verifier::builder(&name(ONE), &audience, Arc::new(one.keys.clone()))
        .with_issuer(other.without_revocations())
        .without_revocations()
        .with_clock(clock.clone())
        .build()
        .unwrap();
    Rig {
        one,
        two,
        clock,
        verifier,
    }
}

#[tokio::test(start_paused = true)]
async fn c26_c47_each_remote_issuers_tokens_are_good_by_its_own_keys_alone() {
    let rig = rig().await;
    for _ in 0..2 {
        assert_eq!(rig.answer(ONE, &rig.one.key).await, "good");
        assert_eq!(rig.answer(TWO, &rig.two.key).await, "good");
        assert_eq!(rig.answer(ONE, &rig.two.key).await, "bad signature");
        assert_eq!(rig.answer(TWO, &rig.one.key).await, "bad signature");
    }
    assert_eq!(rig.fetches(), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn c47_a_new_key_of_one_issuer_is_asked_of_it_alone() {
    let rig = rig().await;
    let new = new_key();
    rig.two.script.says(jwks([&rig.two.key, &new]));
    assert_eq!(rig.answer(TWO, &new).await, "good");
    assert_eq!(rig.fetches(), (1, 2));
    // Of the other it is asked once, and is no key of it.
    assert_eq!(rig.answer(ONE, &new).await, "unknown key");
    assert_eq!(rig.answer(ONE, &new).await, "unknown key");
    assert_eq!(rig.fetches(), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn c47_made_up_ids_of_one_issuer_are_fetched_once_and_none_of_a_stranger() {
    let rig = rig().await;
    for n in 0..1000 {
        let forged = rig.one.key_named(&format!("made up {n}"));
        assert_eq!(rig.answer(TWO, &forged).await, "unknown key");
        let stranger = rig.token("https://stranger.example", &forged);
        let verdict = rig.verifier.verify(&stranger).await;
        assert!(matches!(
            verdict,
            Err(VerifyError::Invalid(TokenError::Issuer))
        ));
    }
    assert_eq!(rig.fetches(), (1, 2));
}

impl Side {
    /// Its key by a name that it does not have.
    fn key_named(&self, kid: &str) -> SigningKey {
        let der = self.key.expose().expose();
        let same = SigningKey::from_pkcs8(der, self.key.verifying_key().algorithm());
        same.unwrap().with_kid(kid).unwrap()
    }
}

#[tokio::test(start_paused = true)]
async fn c54_an_outage_of_one_issuer_is_none_of_the_other() {
    let rig = rig().await;
    rig.two.script.fails();
    let new = new_key();
    assert_ne!(rig.answer(TWO, &new).await, "good");
    assert_eq!(rig.answer(TWO, &rig.two.key).await, "good");
    assert_eq!(rig.answer(ONE, &rig.one.key).await, "good");
    rig.one.script.says(jwks([&rig.one.key, &new]));
    assert_eq!(rig.answer(ONE, &new).await, "good");
}
