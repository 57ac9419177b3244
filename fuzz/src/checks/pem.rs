//! Keys in PEM and DER, public and private.

use auth_core::key::{Algorithm, Backend, SigningKey, VerifyingKey};

use super::jwk::is_sound;
use crate::fixture;

/// Any bytes as a key; the first chooses the algorithm.
pub fn pem(data: &[u8]) {
    let Some((selector, key)) = data.split_first() else {
        return;
    };
    let algorithm = Algorithm::ALL[usize::from(*selector) % Algorithm::ALL.len()];
    let text = std::str::from_utf8(key).ok();
    let public = [
        VerifyingKey::from_der(key, algorithm).ok(),
        text.and_then(|pem| VerifyingKey::from_pem(pem, algorithm).ok()),
    ];
    for key in public.into_iter().flatten() {
        assert_eq!(key.algorithm(), algorithm);
        is_sound(&key, data);
    }
    let private = [
        SigningKey::from_pkcs8(key, algorithm).ok(),
        text.and_then(|pem| SigningKey::from_pem(pem, algorithm).ok()),
    ];
    for key in private.into_iter().flatten() {
        assert_eq!(key.verifying_key().algorithm(), algorithm);
        is_sound(key.verifying_key(), data);
        signs_for_itself(key);
    }
}

/// A private key that was taken is taken by every backend, and what it signs on
/// one verifies on all: each of its parts was held against the others, so that
/// no library looks at one that another does not use.
fn signs_for_itself(mut key: SigningKey) {
    for signer in Backend::ALL {
        let same = key.with_backend(*signer);
        key = same.expect("one backend takes a private key that another refuses");
        let token = fixture::issue(&key);
        for backend in Backend::ALL {
            let public = key.verifying_key().clone().with_backend(*backend);
            let public = public.expect("one backend takes what another refuses");
            let verifier = fixture::verifier([public]);
            let verdict = verifier.verify_now(&token);
            assert!(verdict.is_ok(), "signed on {signer:?}: {verdict:?}");
        }
    }
}
