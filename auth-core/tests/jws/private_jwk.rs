//! What is refused of a private JWK: halves that do not belong together, parts
//! that are missing, and every other spelling of a number.

use auth_core::key::{Algorithm, Backend, KeyError, SigningKey, VerifyingKey};
use serde_json::{Map, Value, json};

use crate::support::{ASYMMETRIC, HMAC, decode, encode, object, private, sign, text};

const PARTS: &[&str] = &["d", "p", "q", "dp", "dq", "qi", "k"];

fn jwk(key: &SigningKey) -> Map<String, Value> {
    object(serde_json::from_str(key.expose_jwk().unwrap().expose()).unwrap())
}

fn with(jwk: &Map<String, Value>, name: &str, value: Value) -> Map<String, Value> {
    let mut jwk = jwk.clone();
    jwk.insert(name.to_owned(), value);
    jwk
}

fn reason(jwk: Map<String, Value>) -> Option<KeyError> {
    SigningKey::from_jwk(&text(jwk)).err()
}

fn parts(jwk: &Map<String, Value>) -> Vec<(&'static str, Vec<u8>)> {
    let member = |name: &&'static str| Some((*name, decode(jwk.get(*name)?.as_str()?)));
    PARTS.iter().filter_map(member).collect()
}

#[test]
fn a_private_jwk_signs_what_its_public_half_verifies() {
    for &algorithm in Algorithm::ALL {
        let key = private(algorithm);
        let mut again = SigningKey::from_jwk(&text(jwk(&key))).unwrap();
        assert_eq!(again.verifying_key().kid(), "ours");
        assert_eq!(again.verifying_key().algorithm(), algorithm);
        assert_eq!(again.expose(), key.expose());
        let signature = sign(&again, b"x");
        for &backend in Backend::ALL {
            again = again.with_backend(backend).unwrap();
            assert!(again.verifying_key().verifies(b"x", &signature));
        }
    }
}

#[test]
fn c43_a_private_key_for_something_else_is_refused() {
    for &algorithm in Algorithm::ALL {
        let jwk = jwk(&private(algorithm));
        for (name, value) in [
            ("use", json!("enc")),
            ("use", json!("")),
            ("key_ops", json!([])),
            ("key_ops", json!(["verify"])),
            ("key_ops", json!(["Sign"])),
            ("key_ops", json!(["sign", "decrypt"])),
            ("key_ops", json!(["sign", "verify", "deriveKey"])),
        ] {
            let refused = reason(with(&jwk, name, value.clone()));
            assert_eq!(refused, Some(KeyError::WrongPurpose), "{algorithm} {value}");
        }
        for ops in [
            json!(["sign"]),
            json!(["sign", "verify"]),
            json!(["sign", "x"]),
        ] {
            assert_eq!(reason(with(&jwk, "key_ops", ops)), None, "{algorithm}");
        }
        for alg in ["none", "ES512", "RSA-OAEP", "es256"] {
            let refused = reason(with(&jwk, "alg", json!(alg)));
            assert_eq!(refused, Some(KeyError::Unsupported), "{algorithm} {alg}");
        }
        let other = if algorithm == Algorithm::Es256 {
            "ES384"
        } else {
            "ES256"
        };
        let refused = reason(with(&jwk, "alg", json!(other)));
        assert_eq!(refused, Some(KeyError::WrongType), "{algorithm}");
    }
}

/// A signer that publishes another's public half signs what nobody verifies,
/// and for some algorithms gives its private half away by it.
#[test]
fn a_public_half_of_another_key_is_refused() {
    for &algorithm in &ASYMMETRIC[..3] {
        let [one, other] = [private(algorithm), private(algorithm)].map(|key| jwk(&key));
        let mixed = with(&one, "d", other["d"].clone());
        assert_eq!(reason(mixed), Some(KeyError::Inconsistent), "{algorithm}");
    }
    let rsa = jwk(&private(Algorithm::Rs256));
    for (name, bytes) in parts(&rsa) {
        for at in [0, bytes.len() / 2, bytes.len() - 1] {
            let mut bytes = bytes.clone();
            bytes[at] ^= 2;
            let refused = reason(with(&rsa, name, json!(encode(bytes))));
            assert_eq!(refused, Some(KeyError::Inconsistent), "{name} {at}");
        }
    }
    for (name, other) in [
        ("p", "q"),
        ("dp", "dq"),
        ("d", "dp"),
        ("qi", "dp"),
        ("p", "n"),
    ] {
        let refused = reason(with(&rsa, name, rsa[other].clone()));
        assert_eq!(refused, Some(KeyError::Inconsistent), "{name} {other}");
    }
}

#[test]
fn a_private_part_that_is_missing_padded_or_no_base64url_is_refused() {
    for &algorithm in Algorithm::ALL {
        let jwk = jwk(&private(algorithm));
        for (name, bytes) in parts(&jwk) {
            let mut without = jwk.clone();
            without.remove(name);
            assert_eq!(
                reason(without),
                Some(KeyError::Malformed),
                "{algorithm} {name}"
            );
            let good = encode(&bytes);
            for bad in [
                json!(null),
                json!(1),
                json!([good]),
                json!(""),
                json!(format!("{good}=")),
                json!(format!(" {good}")),
                json!(format!("+/{}", &good[2..])),
            ] {
                let refused = reason(with(&jwk, name, bad.clone()));
                let wanted = if name == "k" && bad == json!("") {
                    KeyError::HmacTooShort
                } else {
                    KeyError::Malformed
                };
                assert_eq!(refused, Some(wanted), "{algorithm} {name} {bad}");
            }
            // A secret is whatever bytes it is; a number has one spelling, and
            // a scalar one length (RFC 7518 §2, §6.2.2.1).
            if name != "k" {
                let zeros = json!(encode([&[0], &bytes[..]].concat()));
                let refused = reason(with(&jwk, name, zeros));
                assert_eq!(refused, Some(KeyError::Malformed), "{algorithm} {name}");
            }
        }
        let twice = text(jwk).replacen('{', r#"{"d":"AQAB","d":"AQAB","#, 1);
        let refused = SigningKey::from_jwk(&twice).err();
        let wanted = (!HMAC.contains(&algorithm)).then_some(KeyError::Malformed);
        assert_eq!(refused, wanted, "{algorithm}");
    }
}

#[test]
fn a_scalar_is_above_zero_below_the_order_and_of_its_length() {
    for (algorithm, len) in [(Algorithm::Es256, 32), (Algorithm::Es384, 48)] {
        let jwk = jwk(&private(algorithm));
        for (d, wanted) in [
            (vec![0; len], KeyError::Inconsistent),
            (vec![0xff; len], KeyError::Inconsistent),
            (vec![1; len - 1], KeyError::Malformed),
            (vec![1; len + 1], KeyError::Malformed),
        ] {
            let refused = reason(with(&jwk, "d", json!(encode(d))));
            assert_eq!(refused, Some(wanted), "{algorithm}");
        }
    }
    let jwk = jwk(&private(Algorithm::EdDsa));
    for len in [0, 31, 33, 64] {
        let refused = reason(with(&jwk, "d", json!(encode(vec![1; len]))));
        assert_eq!(refused, Some(KeyError::Malformed), "{len}");
    }
}

#[test]
fn a_third_prime_is_refused() {
    let jwk = jwk(&private(Algorithm::Rs256));
    for oth in [
        json!([]),
        json!([{ "r": "AQAB", "d": "AQAB", "t": "AQAB" }]),
        json!(1),
    ] {
        let refused = reason(with(&jwk, "oth", oth));
        assert_eq!(refused, Some(KeyError::Unsupported));
    }
    for &algorithm in &ASYMMETRIC[..3] {
        for name in ["p", "q", "dp", "dq", "qi", "oth"] {
            let jwk = with(&self::jwk(&private(algorithm)), name, json!("AQAB"));
            assert_eq!(reason(jwk), Some(KeyError::Malformed), "{algorithm} {name}");
        }
    }
}

#[test]
fn a_public_key_is_no_private_one_nor_the_other_way_round() {
    for &algorithm in ASYMMETRIC {
        let key = private(algorithm);
        let public = serde_json::to_string(&key.verifying_key().to_jwk()).unwrap();
        assert_eq!(
            SigningKey::from_jwk(&public).err(),
            Some(KeyError::Malformed)
        );
        let private = text(jwk(&key));
        let read = VerifyingKey::from_jwk(&private);
        assert_eq!(read.err(), Some(KeyError::PrivateInPublic), "{algorithm}");
    }
}

#[test]
fn c40_an_rsa_key_that_not_every_backend_signs_with_is_refused() {
    let jwk = jwk(&private(Algorithm::Rs256));
    let refused = reason(with(&jwk, "e", json!("Aw")));
    assert_eq!(refused, Some(KeyError::RsaExponent));
    let refused = reason(with(&jwk, "e", json!("AQ")));
    assert_eq!(refused, Some(KeyError::RsaExponent));
    for bytes in [255, 257, 320, 513] {
        let n = vec![0xff; bytes];
        let refused = reason(with(&jwk, "n", json!(encode(n))));
        assert_eq!(refused, Some(KeyError::RsaSize), "{bytes}");
    }
}
