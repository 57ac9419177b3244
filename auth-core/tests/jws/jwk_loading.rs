//! What is refused of a JWK: its purpose, its private members, its base64.

use auth_core::key::{Algorithm, Backend, KeyError, VerifyingKey};
use serde_json::{Map, Value, json};

use crate::support::{ASYMMETRIC, HMAC, decode, encode, object, private, text};

/// The JWK of a new key; of a secret too.
fn jwk(algorithm: Algorithm) -> Map<String, Value> {
    if HMAC.contains(&algorithm) {
        let k = encode([7; 64]);
        return object(json!({ "kty": "oct", "alg": algorithm.as_str(), "k": k, "kid": "ours" }));
    }
    let key = private(algorithm);
    object(serde_json::to_value(key.verifying_key().to_jwk()).unwrap())
}

fn with(jwk: &Map<String, Value>, name: &str, value: Value) -> Map<String, Value> {
    let mut jwk = jwk.clone();
    jwk.insert(name.to_owned(), value);
    jwk
}

fn reason(jwk: Map<String, Value>) -> Option<KeyError> {
    VerifyingKey::from_jwk(&text(jwk)).err()
}

/// The members that are numbers or points.
fn material(jwk: &Map<String, Value>) -> Vec<(&'static str, Vec<u8>)> {
    let member = |name| Some((name, decode(jwk.get(name)?.as_str()?)));
    ["x", "y", "n", "e", "k"]
        .into_iter()
        .filter_map(member)
        .collect()
}

#[test]
fn c43_a_key_for_something_else_is_refused() {
    for &algorithm in Algorithm::ALL {
        let jwk = jwk(algorithm);
        assert_eq!(reason(jwk.clone()), None, "{algorithm}");
        for purpose in ["enc", "", "SIG", "sig ", "signature"] {
            let refused = reason(with(&jwk, "use", json!(purpose)));
            assert_eq!(
                refused,
                Some(KeyError::WrongPurpose),
                "{algorithm} {purpose}"
            );
        }
        for ops in [
            json!([]),
            json!(["sign"]),
            json!(["encrypt", "wrapKey"]),
            json!(["Verify"]),
            json!([""]),
        ] {
            let refused = reason(with(&jwk, "key_ops", ops.clone()));
            assert_eq!(refused, Some(KeyError::WrongPurpose), "{algorithm} {ops}");
        }
        for odd in [json!(1), json!(["sig"]), json!({})] {
            let refused = reason(with(&jwk, "use", odd));
            assert_eq!(refused, Some(KeyError::Malformed), "{algorithm}");
        }
        for odd in [json!("verify"), json!([1]), json!({"verify": 1})] {
            let refused = reason(with(&jwk, "key_ops", odd));
            assert_eq!(refused, Some(KeyError::Malformed), "{algorithm}");
        }
        assert_eq!(
            reason(with(&jwk, "key_ops", json!(["sign", "verify"]))),
            None
        );
        assert_eq!(reason(with(&jwk, "use", json!("sig"))), None);
    }
}

#[test]
fn c42_c43_an_alg_that_is_not_of_the_keys_type_or_curve_is_refused() {
    let type_of = |jwk: &Map<String, Value>| (jwk["kty"].clone(), jwk.get("crv").cloned());
    for &algorithm in Algorithm::ALL {
        let jwk = jwk(algorithm);
        for &other in Algorithm::ALL {
            let refused = reason(with(&jwk, "alg", json!(other.as_str())));
            if type_of(&jwk) == type_of(&self::jwk(other)) {
                assert_eq!(refused, None, "{algorithm} {other}");
            } else {
                assert_eq!(refused, Some(KeyError::WrongType), "{algorithm} {other}");
            }
        }
        for alg in [
            "none", "", "rs256", "ES512", "ES256K", "RSA-OAEP", "HS1", "RS256 ",
        ] {
            let refused = reason(with(&jwk, "alg", json!(alg)));
            assert_eq!(refused, Some(KeyError::Unsupported), "{algorithm} {alg}");
        }
        for (name, value) in [
            ("kty", json!("AKP")),
            ("kty", json!("rsa")),
            ("kty", json!("")),
            ("crv", json!("P-521")),
            ("crv", json!("X25519")),
            ("crv", json!("p-256")),
        ] {
            let refused = reason(with(&jwk, name, value.clone()));
            // A secret under another type is somebody's private member.
            let wanted = if jwk.contains_key("k") && name == "kty" {
                KeyError::PrivateInPublic
            } else {
                KeyError::Unsupported
            };
            assert_eq!(refused, Some(wanted), "{algorithm} {name} {value}");
        }
    }
}

/// A secret that does not say what it is for could be for anything.
#[test]
fn c43_a_secret_without_alg_is_refused() {
    let mut jwk = jwk(Algorithm::Hs256);
    jwk.remove("alg");
    assert_eq!(reason(jwk), Some(KeyError::Unsupported));
}

#[test]
fn c45_a_private_member_in_a_public_key_is_refused() {
    for &algorithm in ASYMMETRIC {
        let jwk = jwk(algorithm);
        for name in ["d", "p", "q", "dp", "dq", "qi", "k"] {
            for value in ["AQAB", "", "not base64!"] {
                let refused = reason(with(&jwk, name, json!(value)));
                assert_eq!(
                    refused,
                    Some(KeyError::PrivateInPublic),
                    "{algorithm} {name}"
                );
            }
        }
    }
}

#[test]
fn coordinates_and_keys_of_another_length_are_refused() {
    for &algorithm in &ASYMMETRIC[..3] {
        let jwk = jwk(algorithm);
        for (name, bytes) in material(&jwk) {
            let shorter = &bytes[1..];
            for other in [
                shorter.to_vec(),
                [&[0], &bytes[..]].concat(),
                [&bytes[..], &[0]].concat(),
                [&bytes[..], &bytes[..]].concat(),
                vec![],
            ] {
                let refused = reason(with(&jwk, name, json!(encode(other))));
                assert_eq!(refused, Some(KeyError::Malformed), "{algorithm} {name}");
            }
        }
    }
}

#[test]
fn material_that_is_missing_or_not_base64url_is_refused() {
    for &algorithm in Algorithm::ALL {
        let jwk = jwk(algorithm);
        for (name, bytes) in material(&jwk) {
            let good = encode(&bytes);
            let padded = format!("{good}{}", "=".repeat((4 - good.len() % 4) % 4));
            for bad in [
                format!("{good}="),
                format!(" {good}"),
                format!("{good} "),
                format!("{good}\n"),
                format!("{}\r\n{}", &good[..2], &good[2..]),
                format!("+/{}", &good[2..]),
                format!("{good}A===="),
                format!("{good}é"),
                format!("{good}\0"),
                padded.clone(),
            ] {
                if bad != good {
                    let refused = reason(with(&jwk, name, json!(bad)));
                    assert_eq!(
                        refused,
                        Some(KeyError::Malformed),
                        "{algorithm} {name} {bad}"
                    );
                }
            }
            for odd in [json!(1), json!([good]), json!({}), json!(true), json!(null)] {
                let refused = reason(with(&jwk, name, odd));
                assert_eq!(refused, Some(KeyError::Malformed), "{algorithm} {name}");
            }
            let mut without = jwk.clone();
            without.remove(name);
            assert_eq!(
                reason(without),
                Some(KeyError::Malformed),
                "{algorithm} {name}"
            );
        }
    }
}

#[test]
fn leading_zeros_make_no_other_rsa_key() {
    let jwk = jwk(Algorithm::Ps256);
    let plain = VerifyingKey::from_jwk(&text(jwk.clone())).unwrap();
    for (name, bytes) in material(&jwk) {
        let padded = with(&jwk, name, json!(encode([&[0, 0], &bytes[..]].concat())));
        let padded = VerifyingKey::from_jwk(&text(padded)).unwrap();
        assert_eq!(padded.thumbprint(), plain.thumbprint());
        for &backend in Backend::ALL {
            assert!(padded.clone().with_backend(backend).is_ok(), "{backend:?}");
        }
    }
}

#[test]
fn a_key_id_is_a_string_of_at_most_256_bytes() {
    for &algorithm in Algorithm::ALL {
        let jwk = jwk(algorithm);
        for (kid, wanted) in [
            (json!("k".repeat(256)), None),
            (json!("k".repeat(257)), Some(KeyError::KeyId)),
            (json!("é".repeat(129)), Some(KeyError::KeyId)),
            (json!(1), Some(KeyError::Malformed)),
            (json!(["ours"]), Some(KeyError::Malformed)),
        ] {
            assert_eq!(reason(with(&jwk, "kid", kid)), wanted, "{algorithm}");
        }
    }
}

#[test]
fn what_is_no_single_json_object_is_no_key() {
    for &algorithm in Algorithm::ALL {
        let good = text(jwk(algorithm));
        for bad in [
            String::new(),
            "null".to_owned(),
            "1".to_owned(),
            "{}".to_owned(),
            format!("[{good}]"),
            format!("{good}{good}"),
            format!("\u{feff}{good}"),
            good.replace('}', ""),
            good.replace('"', "'"),
            good.replacen('{', r#"{"kty":"RSA","#, 1),
            good.replacen('{', r#"{"\u006bty":"oct","#, 1),
            good.replacen('{', r#"{"alg":"none","#, 1),
            format!("{}{good}{}", r#"{"x":"#.repeat(200), "}".repeat(200)),
        ] {
            let refused = VerifyingKey::from_jwk(&bad).err();
            assert_eq!(refused, Some(KeyError::Malformed), "{bad}");
        }
    }
}
