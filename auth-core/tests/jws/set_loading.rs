//! What is refused of a JWK set as a whole, and what is only skipped.

use auth_core::SystemRandom;
use auth_core::key::{Algorithm, Backend, KeyError, KeySet, KeySetError, SigningKey};
use serde_json::{Value, json};

use crate::support::{ASYMMETRIC, Rig, decode, encode, private, verifier};

fn jwk(algorithm: Algorithm, kid: &str) -> Value {
    let key = private(algorithm).verifying_key().clone();
    serde_json::to_value(key.with_kid(kid).unwrap().to_jwk()).unwrap()
}

fn with(mut jwk: Value, name: &str, value: Value) -> Value {
    jwk[name] = value;
    jwk
}

type Read = Result<(KeySet, Vec<(usize, KeyError)>), KeySetError>;

fn read(keys: &[Value]) -> Read {
    read_text(&json!({ "keys": keys }).to_string())
}

/// What every backend says of the text, as the default one read it.
fn read_text(text: &str) -> Read {
    let kids = |read: &Read| -> Result<_, KeySetError> {
        let (keys, skipped) = read.as_ref().map_err(|error| *error)?;
        let kids: Vec<_> = keys.iter().map(|key| key.kid().to_owned()).collect();
        Ok((kids, skipped.clone()))
    };
    let default = KeySet::from_jwks(text);
    for &backend in Backend::ALL {
        let read = KeySet::from_jwks_on(backend, text);
        assert_eq!(kids(&read), kids(&default), "{backend:?} {text}");
        if let Ok((keys, _)) = read {
            assert!(keys.iter().all(|key| key.backend() == backend));
        }
    }
    default
}

#[test]
fn c44_a_key_id_that_stands_twice_refuses_the_set() {
    for &first in ASYMMETRIC {
        for &second in ASYMMETRIC {
            let same = read(&[jwk(first, "a"), jwk(second, "a")]);
            assert_eq!(same.err(), Some(KeySetError::DuplicateKeyId));
            let (keys, skipped) = read(&[jwk(first, "a"), jwk(second, "A")]).unwrap();
            assert_eq!((keys.iter().count(), skipped), (2, vec![]));
        }
    }
    let key = private(Algorithm::EdDsa).verifying_key().clone();
    let twice = KeySet::new([key.clone(), key]);
    assert_eq!(twice.err(), Some(KeySetError::DuplicateKeyId));
}

#[test]
fn c44_keys_that_are_not_understood_are_skipped_and_the_others_verify() {
    let odd = [
        (
            json!({ "kty": "AKP", "alg": "ML-DSA-44" }),
            KeyError::Unsupported,
        ),
        (
            json!({ "kty": "EC", "crv": "P-521" }),
            KeyError::Unsupported,
        ),
        (
            json!({ "kty": "OKP", "crv": "X25519" }),
            KeyError::Unsupported,
        ),
        (
            with(jwk(Algorithm::Rs256, "b"), "alg", json!("RSA-OAEP")),
            KeyError::Unsupported,
        ),
        (
            with(jwk(Algorithm::Rs256, "b"), "use", json!("enc")),
            KeyError::WrongPurpose,
        ),
        (
            with(jwk(Algorithm::Rs256, "b"), "e", json!("AQ")),
            KeyError::RsaExponent,
        ),
        (
            with(jwk(Algorithm::Es256, "b"), "alg", json!("ES384")),
            KeyError::WrongType,
        ),
        (
            with(jwk(Algorithm::Es256, "b"), "y", json!(encode([1; 32]))),
            KeyError::Point,
        ),
        (
            with(jwk(Algorithm::EdDsa, "b"), "kid", json!("k".repeat(257))),
            KeyError::KeyId,
        ),
        (json!({}), KeyError::Malformed),
        (json!(null), KeyError::Malformed),
        (json!("key"), KeyError::Malformed),
    ];
    let wanted: Vec<_> = odd.iter().map(|(_, reason)| *reason).enumerate().collect();
    for &algorithm in ASYMMETRIC {
        let key = private(algorithm);
        let ours = serde_json::to_value(key.verifying_key().to_jwk()).unwrap();
        let keys: Vec<_> = odd
            .iter()
            .map(|(jwk, _)| jwk.clone())
            .chain([ours])
            .collect();
        let (keys, skipped) = read(&keys).unwrap();
        assert_eq!(skipped, wanted, "{algorithm}");
        let token = Rig::new(key, Backend::default()).token();
        for &backend in Backend::ALL {
            let verifier = verifier(keys.iter().cloned().collect(), backend);
            assert!(
                verifier.verify_now(&token).is_ok(),
                "{algorithm} {backend:?}"
            );
        }
    }
}

/// A set that a backend read, and one that was moved to it, are one set.
#[test]
fn a_set_verifies_the_same_on_every_backend_it_is_read_by_or_moved_to() {
    let signers = ASYMMETRIC
        .iter()
        .map(|it| private(*it).with_kid(it.as_str()).unwrap());
    let (mut jwks, mut tokens) = (Vec::new(), Vec::new());
    for signer in signers {
        jwks.push(signer.verifying_key().to_jwk());
        let algorithm = signer.verifying_key().algorithm();
        tokens.push((algorithm, Rig::new(signer, Backend::default()).token()));
    }
    let text = json!({ "keys": jwks }).to_string();
    for &from in Backend::ALL {
        let (read, skipped) = KeySet::from_jwks_on(from, &text).unwrap();
        assert_eq!(skipped, []);
        for &to in Backend::ALL {
            let moved = read.clone().with_backend(to).unwrap();
            assert!(read.iter().all(|key| key.backend() == from));
            assert!(moved.iter().all(|key| key.backend() == to));
            assert_eq!(moved.to_jwks(), read.to_jwks());
            for (algorithm, token) in &tokens {
                let (signed, signature) = token.rsplit_once('.').unwrap();
                let key = moved.find(Some(algorithm.as_str()), *algorithm).unwrap();
                let signature = decode(signature);
                assert!(key.verifies(signed.as_bytes(), &signature));
                assert!(!key.verifies(b"another message", &signature));
            }
        }
    }
}

/// A key that was shown is nobody's any more, whatever it was for.
#[test]
fn c45_a_private_member_refuses_the_whole_set() {
    let good = jwk(Algorithm::EdDsa, "good");
    for &algorithm in ASYMMETRIC {
        for name in ["d", "p", "q", "dp", "dq", "qi", "k"] {
            let shown = with(jwk(algorithm, "bad"), name, json!("AQAB"));
            for shown in [
                with(shown.clone(), "use", json!("enc")),
                with(shown.clone(), "alg", json!("unheard-of")),
                with(shown.clone(), "kty", json!("unheard-of")),
                with(shown.clone(), "crv", json!("P-521")),
                shown,
            ] {
                let read = read(&[good.clone(), shown]);
                assert_eq!(read.err(), Some(KeySetError::Private), "{algorithm} {name}");
            }
        }
    }
    let secret = json!({ "kty": "oct", "alg": "HS256", "k": encode([7; 32]) });
    assert_eq!(read(&[good, secret]).err(), Some(KeySetError::Private));
}

/// 45: a private key is shown, whether or not the rest can be read.
#[test]
fn c45_a_private_member_of_a_malformed_key_refuses_the_set_too() {
    let key = jwk(Algorithm::Rs256, "bad");
    for shown in [
        with(with(key.clone(), "n", json!(1)), "d", json!("AQAB")),
        with(key.clone(), "d", json!([1, 2, 3])),
        with(key.clone(), "d", json!(65537)),
        with(
            key,
            "oth",
            json!([{ "r": "AQAB", "d": "AQAB", "t": "AQAB" }]),
        ),
        json!({ "kty": "AKP", "alg": "ML-DSA-44", "priv": "AQAB" }),
    ] {
        assert_eq!(read(&[shown]).err(), Some(KeySetError::Private));
    }
    // Some libraries write every member that a key could have.
    let (keys, skipped) = read(&[with(jwk(Algorithm::Es256, "a"), "d", json!(null))]).unwrap();
    assert_eq!((keys.iter().count(), skipped), (1, vec![]));
}

#[test]
fn a_set_has_at_most_100_keys() {
    let key = private(Algorithm::EdDsa).verifying_key().clone();
    let keys = |count: usize| {
        let named = |n: usize| key.clone().with_kid(&n.to_string()).unwrap();
        (0..count).map(named).collect::<Vec<_>>()
    };
    assert!(KeySet::new(keys(100)).is_ok());
    assert_eq!(KeySet::new(keys(101)).err(), Some(KeySetError::TooMany));
    let jwks: Vec<_> = keys(101)
        .iter()
        .map(|key| serde_json::to_value(key.to_jwk()).unwrap())
        .collect();
    assert!(read(&jwks[1..]).is_ok());
    assert_eq!(read(&jwks).err(), Some(KeySetError::TooMany));
}

#[test]
fn what_is_no_set_is_refused_and_an_empty_set_verifies_nothing() {
    let one = jwk(Algorithm::Es256, "a");
    for bad in [
        String::new(),
        "null".to_owned(),
        "{}".to_owned(),
        json!([one]).to_string(),
        json!({ "keys": one }).to_string(),
        json!({ "keys": null }).to_string(),
        json!({ "Keys": [one] }).to_string(),
        format!(r#"{{"keys":[],"keys":[{one}]}}"#),
        format!(r#"{{"keys":[{one}]}} "#) + "x",
        format!("\u{feff}{{\"keys\":[{one}]}}"),
    ] {
        assert_eq!(read_text(&bad).err(), Some(KeySetError::Malformed), "{bad}");
    }
    let (empty, _) = read(&[]).unwrap();
    let key = SigningKey::generate(&SystemRandom::new()).unwrap();
    let token = Rig::new(key, Backend::default()).token();
    for &backend in Backend::ALL {
        let verifier = verifier(empty.iter().cloned().collect(), backend);
        assert!(verifier.verify_now(&token).is_err());
    }
}
