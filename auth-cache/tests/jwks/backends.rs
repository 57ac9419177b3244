//! Which library verifies by the keys that were fetched.

use std::time::Duration;

use auth_core::SystemRandom;
use auth_core::key::{Algorithm, Backend, KeySource, SigningKey, VerifyingKey};

use crate::support::{COOL_DOWN, Rig, cold_rig, jwks, rig, with_member};

const ALGORITHMS: [Algorithm; 3] = [Algorithm::EdDsa, Algorithm::Es256, Algorithm::Es384];

fn drawn(algorithm: Algorithm) -> SigningKey {
    let key = SigningKey::generate_for(algorithm, &SystemRandom::new()).unwrap();
    key.with_kid(algorithm.as_str()).unwrap()
}

/// What the keys that are known now are prepared for.
fn prepared(rig: &Rig) -> Vec<Backend> {
    rig.keys.keys().iter().map(VerifyingKey::backend).collect()
}

#[tokio::test(start_paused = true)]
async fn the_default_is_ring() {
    assert_eq!(prepared(&rig().await), [Backend::Ring]);
}

/// With the first set, with one that a refresh brings, and with one that is
/// fetched for an unknown key id.
#[tokio::test(start_paused = true)]
async fn every_key_is_prepared_for_the_chosen_backend_and_verifies_by_it() {
    for &backend in Backend::ALL {
        let rig = cold_rig(|builder| builder.with_backend(backend));
        rig.keys.ready().await.unwrap();
        assert_eq!(prepared(&rig), [backend]);
        assert_eq!(rig.answer(&rig.token()).await, "good");

        let keys = ALGORITHMS.map(drawn);
        rig.script.says(jwks(&keys));
        assert_eq!(rig.answer(&rig.token_of(&keys[0])).await, "good");
        let again = ALGORITHMS.map(drawn);
        rig.script.says(jwks(&again));
        for keys in [keys, again] {
            assert_eq!(prepared(&rig), [backend; 3]);
            for key in keys {
                assert_eq!(rig.answer(&rig.token_of(&key)).await, "good", "{backend:?}");
                let forged = rig.token_of(&drawn(key.verifying_key().algorithm()));
                assert_eq!(rig.answer(&forged).await, "bad signature", "{backend:?}");
            }
            rig.pass(Duration::from_secs(300)).await;
        }
    }
}

/// What is refused of a set does not depend on the library.
#[tokio::test(start_paused = true)]
async fn c45_a_set_with_a_private_member_is_refused_on_every_backend() {
    for &backend in Backend::ALL {
        let rig = cold_rig(|builder| builder.with_backend(backend));
        rig.keys.ready().await.unwrap();
        rig.script.says(with_member(&jwks([&rig.key]), "d", "AAAA"));
        rig.pass(COOL_DOWN).await;
        assert_eq!(rig.answer(&rig.forged("new")).await, "unavailable");
        assert_eq!(rig.keys.stats().failures, 1);
        assert_eq!(rig.answer(&rig.token()).await, "good");
        assert_eq!(prepared(&rig), [backend]);
    }
}
