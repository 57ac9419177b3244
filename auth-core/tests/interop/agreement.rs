//! Tokens of each, judged by both.

use auth_core::interop::{decoding_key, encoding_key};
use auth_core::key::{Algorithm, Backend, SigningKey};
use jsonwebtoken::{DecodingKey, Header, Validation, decode, encode};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::ours::{everywhere, forged, is_hmac, is_rsa, issue, key, now, refusal, verifier};
use crate::strict::{accepts, claims, compact, header, install, strict, text};

/// Both accept it, or both refuse it; which, is said.
fn verdict(key: &SigningKey, token: &str, now: i64) -> bool {
    let public = key.verifying_key();
    let ours = refusal(&verifier(public, now), token);
    let theirs = accepts(public, token);
    assert_eq!(ours.is_none(), theirs, "{ours:?} {token}");
    theirs
}

#[test]
fn a_token_that_we_issue_is_decoded_by_jsonwebtoken_with_every_claim() {
    install();
    for (algorithm, backend) in everywhere() {
        let key = key(algorithm).with_backend(backend).unwrap();
        let custom = Map::from_iter([("plan".to_owned(), json!({ "name": "größte" }))]);
        let now = now();
        let token = issue(&key, now, &custom);
        let theirs = decoding_key(key.verifying_key()).unwrap();
        let decoded = decode::<Value>(&token, &theirs, &strict(algorithm.into())).unwrap();
        assert_eq!(decoded.header.kid.as_deref(), Some("ours"));
        assert_eq!(decoded.header.typ.as_deref(), Some("at+jwt"));
        let identity = verifier(key.verifying_key(), now)
            .verify_now(&token)
            .unwrap();
        assert_eq!(decoded.claims, *identity.claims::<Value>().unwrap());
        assert_eq!(decoded.claims["plan"]["name"], "größte");
    }
}

#[test]
fn a_token_that_jsonwebtoken_encodes_is_verified_by_us() {
    install();
    for (algorithm, backend) in everywhere() {
        let key = key(algorithm).with_backend(backend).unwrap();
        let now = now();
        let header = Header {
            typ: Some("at+jwt".to_owned()),
            kid: Some("ours".to_owned()),
            ..Header::new(algorithm.into())
        };
        let token = encode(&header, &claims(now), &encoding_key(&key).unwrap()).unwrap();
        assert!(verdict(&key, &token, now), "{algorithm} {backend:?}");
        assert!(
            !verdict(&key, &forged(&token), now),
            "{algorithm} {backend:?}"
        );
    }
}

#[test]
fn both_refuse_what_is_wrong_in_any_plain_way() {
    for &algorithm in Algorithm::ALL {
        let key = key(algorithm);
        let now = now();
        let good = compact(
            &key,
            &text(&header(algorithm.as_str())),
            &text(&claims(now)),
        );
        assert!(verdict(&key, &good, now), "{algorithm}");
        let with_claim = |name: &str, value: Value| {
            let mut claims = claims(now);
            claims.insert(name.to_owned(), value);
            compact(&key, &text(&header(algorithm.as_str())), &text(&claims))
        };
        let without_claim = |name: &str| {
            let mut claims = claims(now);
            claims.remove(name);
            compact(&key, &text(&header(algorithm.as_str())), &text(&claims))
        };
        let with_alg = |alg: &str| compact(&key, &text(&header(alg)), &text(&claims(now)));
        let (signed, signature) = good.rsplit_once('.').unwrap();
        let mut bad = vec![
            with_claim("iss", json!("https://evil.example")),
            with_claim("iss", json!(1)),
            with_claim("iss", json!(["https://evil.example"])),
            with_claim("aud", json!("https://other.example")),
            with_claim("aud", json!(["https://other.example"])),
            with_claim("aud", json!([])),
            with_claim("aud", json!(1)),
            with_claim("sub", json!(1)),
            with_claim("sub", Value::Null),
            with_claim("exp", json!(now - 600)),
            with_claim("exp", json!(-1)),
            with_claim("exp", json!("tomorrow")),
            with_claim("exp", json!([now + 300])),
            with_claim("exp", Value::Null),
            with_claim("nbf", json!(now + 600)),
            // CVE-2026-25537: such a claim was skipped before 10.3.0.
            with_claim("nbf", json!("tomorrow")),
            without_claim("iss"),
            without_claim("aud"),
            without_claim("sub"),
            without_claim("exp"),
            with_alg("none"),
            with_alg("None"),
            with_alg(""),
            with_alg("ES512"),
            compact(&key, "", &text(&claims(now))),
            compact(&key, "[]", &text(&claims(now))),
            compact(&key, &text(&header(algorithm.as_str())), "[]"),
            compact(&key, &text(&header(algorithm.as_str())), "{"),
            signed.to_owned(),
            format!("{signed}."),
            format!("{good}="),
            format!("{good}."),
            format!(".{good}"),
            format!("{good}.{signature}"),
            format!(" {good}"),
            format!("{good}\n"),
            good.replacen('.', "..", 1),
            good.replace('.', "=."),
            forged(&good),
            String::new(),
            ".".to_owned(),
            "..".to_owned(),
            "...".to_owned(),
        ];
        let others = Algorithm::ALL.iter().filter(|other| **other != algorithm);
        bad.extend(others.map(|other| with_alg(other.as_str())));
        for token in bad {
            assert!(!verdict(&key, &token, now), "{algorithm} {token}");
        }
    }
}

#[test]
fn both_refuse_the_signature_of_another_key() {
    for &algorithm in Algorithm::ALL.iter().filter(|it| !is_rsa(**it)) {
        let (key, other) = (key(algorithm), key(algorithm));
        let now = now();
        let token = issue(&other, now, &Map::new());
        assert!(verdict(&other, &token, now));
        assert!(!verdict(&key, &token, now), "{algorithm}");
    }
}

/// The oldest attack on JWTs: the public key as the secret of an HMAC.
#[test]
fn c05_both_refuse_a_mac_made_with_a_public_key() {
    let now = now();
    for &algorithm in Algorithm::ALL.iter().filter(|it| !is_hmac(**it)) {
        let key = key(algorithm);
        let theirs = decoding_key(key.verifying_key()).unwrap();
        let public = serde_json::to_vec(&key.verifying_key().to_jwk()).unwrap();
        let mac = SigningKey::hmac(&public, Algorithm::Hs256).unwrap();
        let token = compact(&mac, &text(&header("HS256")), &text(&claims(now)));
        let mut both = strict(jsonwebtoken::Algorithm::HS256);
        both.algorithms.push(algorithm.into());
        for validation in [strict(jsonwebtoken::Algorithm::HS256), both] {
            assert!(crate::strict::refusal(&theirs, &validation, &token).is_some());
        }
        assert!(refusal(&verifier(key.verifying_key(), now), &token).is_some());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn both_refuse_a_token_with_any_bit_flipped(at in any::<prop::sample::Index>(), bit in 0..8_u8) {
        for (algorithm, backend) in everywhere() {
            if is_rsa(algorithm) && backend != Backend::Ring {
                continue; // the slow ones once
            }
            let key = key(algorithm).with_backend(backend).unwrap();
            let now = now();
            let mut token = issue(&key, now, &Map::new()).into_bytes();
            let at = at.index(token.len());
            token[at] ^= 1 << bit;
            // Neither takes what is no text.
            if let Ok(token) = String::from_utf8(token) {
                prop_assert!(!verdict(&key, &token, now), "{} {}", algorithm, token);
            }
        }
    }

    #[test]
    fn both_read_the_same_claims(
        name in "own_\\PC{0,20}",
        value in "\\PC{0,40}",
        number in any::<i64>(),
    ) {
        install();
        let key = key(Algorithm::EdDsa);
        let now = now();
        let custom = Map::from_iter([
            (name.clone(), json!({ "text": value, "list": [value, null, true] })),
            ("number".to_owned(), json!(number)),
        ]);
        let token = issue(&key, now, &custom);
        let public = key.verifying_key();
        let theirs: DecodingKey = decoding_key(public).unwrap();
        let validation: Validation = strict(jsonwebtoken::Algorithm::EdDSA);
        let decoded = decode::<Value>(&token, &theirs, &validation).unwrap();
        let identity = verifier(public, now).verify_now(&token).unwrap();
        prop_assert_eq!(&decoded.claims, &*identity.claims::<Value>().unwrap());
        prop_assert_eq!(&decoded.claims[&name]["text"], &json!(value));
        prop_assert_eq!(&decoded.claims["number"], &json!(number));
    }
}
