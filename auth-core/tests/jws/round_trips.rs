//! A key is the same key in every form that it is written in.

use auth_core::SystemRandom;
use auth_core::key::{Algorithm, Backend, KeySet, SigningKey, VerifyingKey};

use crate::support::{
    ASYMMETRIC, HMAC, RSA_PRIVATE, Rig, der_of, encode, private, sign, spki, to_pem, verifier,
};

/// It verifies what the key signs, on every backend, and nothing else.
fn verifies(public: &VerifyingKey, key: &SigningKey) -> bool {
    let signature = sign(key, b"message");
    Backend::ALL.iter().all(|&backend| {
        let public = public.clone().with_backend(backend).unwrap();
        public.verifies(b"message", &signature) && !public.verifies(b"massage", &signature)
    })
}

#[test]
fn a_private_key_survives_its_exposed_form() {
    for &algorithm in ASYMMETRIC {
        let key = private(algorithm);
        let again = SigningKey::from_pkcs8(key.expose().expose(), algorithm).unwrap();
        assert_eq!(
            again.verifying_key().thumbprint(),
            key.verifying_key().thumbprint()
        );
        assert!(verifies(again.verifying_key(), &key), "{algorithm}");
        assert!(verifies(key.verifying_key(), &again), "{algorithm}");
    }
    for &algorithm in HMAC {
        let key = private(algorithm);
        let again = SigningKey::hmac(key.expose().expose(), algorithm).unwrap();
        assert_eq!(
            again.verifying_key().thumbprint(),
            key.verifying_key().thumbprint()
        );
        assert!(verifies(again.verifying_key(), &key), "{algorithm}");
    }
}

#[test]
fn a_private_key_survives_its_pem_form() {
    for &algorithm in ASYMMETRIC {
        let key = private(algorithm);
        let pem = to_pem(key.expose().expose()).replace("PUBLIC", "PRIVATE");
        let again = SigningKey::from_pem(&pem, algorithm).unwrap();
        assert!(verifies(key.verifying_key(), &again), "{algorithm}");
        assert_eq!(again.expose().expose(), key.expose().expose());
    }
    let key = SigningKey::from_pem(RSA_PRIVATE, Algorithm::Ps512).unwrap();
    assert_eq!(key.expose().expose(), &der_of(RSA_PRIVATE));
}

#[test]
fn a_public_key_survives_der_pem_and_jwk() {
    for &algorithm in ASYMMETRIC {
        let key = private(algorithm);
        let public = key.verifying_key();
        let jwk = serde_json::to_string(&public.to_jwk().unwrap()).unwrap();
        let named = VerifyingKey::from_jwk(&jwk).unwrap();
        assert_eq!((named.kid(), named.algorithm()), ("ours", algorithm));
        assert_eq!(named.to_jwk(), public.to_jwk());
        let der = spki(public);
        for again in [
            named,
            VerifyingKey::from_der(&der, algorithm).unwrap(),
            VerifyingKey::from_pem(&to_pem(&der), algorithm).unwrap(),
        ] {
            assert_eq!(again.thumbprint(), public.thumbprint());
            assert!(verifies(&again, &key), "{algorithm}");
        }
    }
}

#[test]
fn a_secret_survives_its_jwk_and_is_never_published() {
    for &algorithm in HMAC {
        let key = private(algorithm);
        let k = encode(key.expose().expose());
        let jwk = format!(r#"{{"kty":"oct","alg":"{algorithm}","k":"{k}"}}"#);
        let again = VerifyingKey::from_jwk(&jwk).unwrap();
        assert!(again.is_secret() && again.to_jwk().is_none());
        assert_eq!(again.thumbprint(), key.verifying_key().thumbprint());
        assert!(verifies(&again, &key), "{algorithm}");
        let set = KeySet::new([again]).unwrap();
        assert_eq!(
            serde_json::to_string(&set.to_jwks()).unwrap(),
            r#"{"keys":[]}"#
        );
    }
}

#[test]
fn a_published_set_is_read_again_and_verifies_the_same_tokens() {
    let named = |&algorithm: &Algorithm| {
        let key = private(algorithm);
        key.with_kid(algorithm.as_str()).unwrap()
    };
    let keys: Vec<_> = Algorithm::ALL.iter().map(named).collect();
    let set = KeySet::new(keys.iter().map(|key| key.verifying_key().clone())).unwrap();
    let published = serde_json::to_string(&set.to_jwks()).unwrap();
    let (read, skipped) = KeySet::from_jwks(&published).unwrap();
    assert_eq!(skipped, vec![]);
    assert_eq!(read.to_jwks(), set.to_jwks());
    assert_eq!(read.iter().count(), ASYMMETRIC.len());
    for &backend in Backend::ALL {
        let verifier = verifier(read.iter().cloned().collect(), backend);
        for key in &keys {
            let public = key.verifying_key().clone();
            let rig = Rig::new(private(public.algorithm()), backend);
            let mut header = rig.header();
            header.insert("kid".to_owned(), public.kid().into());
            let token = crate::support::compact(
                crate::support::text(header),
                crate::support::text(crate::support::claims()),
                |message| sign(key, message),
            );
            let accepted = verifier.verify_now(&token).is_ok();
            assert_eq!(accepted, !public.is_secret(), "{}", public.kid());
        }
    }
}

#[test]
fn a_generated_key_is_new_every_time() {
    for &algorithm in Algorithm::ALL {
        let draw = || SigningKey::generate_for(algorithm, &SystemRandom::new());
        if let (Ok(one), Ok(other)) = (draw(), draw()) {
            let thumbprint = |key: &SigningKey| key.verifying_key().thumbprint();
            assert_ne!(thumbprint(&one), thumbprint(&other), "{algorithm}");
        } else {
            assert!(algorithm.as_str().starts_with(['R', 'P']), "{algorithm}");
        }
    }
}
