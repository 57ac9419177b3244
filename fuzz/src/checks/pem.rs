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

/// What a key signs on one backend, its public half verifies on the other. Of
/// a damaged private key one library looks at parts that the other never
/// uses, and may refuse it.
fn signs_for_itself(mut key: SigningKey) {
    for signer in Backend::ALL {
        let Ok(same) = key.with_backend(*signer) else {
            return;
        };
        key = same;
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
