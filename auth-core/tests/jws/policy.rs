//! What a verifier asks beside the signature, on every backend.

use std::sync::Arc;

use auth_core::jwt::TokenError;
use auth_core::key::{Algorithm, Backend, KeySet, SigningKey};
use auth_core::verifier::{Verifier, VerifierBuilder, VerifyError};
use auth_core::{Audience, Issuer, ManualClock, Timestamp};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::support::{
    NOW, Rig, builder, claims, compact, header, object, private, rigs, sign, text,
};

fn reason(verifier: &Verifier, token: &str) -> TokenError {
    match verifier.verify_now(token) {
        Err(VerifyError::Invalid(reason)) => reason,
        other => panic!("{other:?}"),
    }
}

/// 2: none is not any.
#[test]
fn c02_with_no_allowed_algorithm_nothing_is_accepted() {
    for rig in rigs() {
        let backend = rig.backend;
        let public = rig.key.verifying_key().clone();
        let with = |algorithms: &[Algorithm]| {
            let builder = builder(vec![public.clone()], backend);
            let algorithms = algorithms.iter().copied();
            builder.with_algorithms(algorithms).build().unwrap()
        };
        let token = rig.token();
        assert!(with(&[rig.algorithm]).verify_now(&token).is_ok());
        assert_eq!(reason(&with(&[]), &token), TokenError::Algorithm);
        let others: Vec<_> = Algorithm::ALL
            .iter()
            .copied()
            .filter(|other| *other != rig.algorithm)
            .collect();
        assert_eq!(reason(&with(&others), &token), TokenError::Algorithm);
    }
}

/// 1: whatever is signed how, the algorithm is looked at first.
#[test]
fn c01_what_is_not_allowed_is_refused_before_its_signature_is_looked_at() {
    for rig in rigs() {
        let public = rig.key.verifying_key().clone();
        let strict = builder(vec![public], rig.backend)
            .with_algorithms([Algorithm::EdDsa])
            .build()
            .unwrap();
        let good = rig.token();
        let signed = good.rsplit_once('.').unwrap().0;
        // Not even base64url.
        let broken = format!("{signed}.!");
        if rig.algorithm == Algorithm::EdDsa {
            let malformed = TokenError::Malformed("base64url");
            assert_eq!(reason(&strict, &broken), malformed);
        } else {
            assert_eq!(reason(&strict, &good), TokenError::Algorithm);
            assert_eq!(reason(&strict, &broken), TokenError::Algorithm);
        }
    }
}

/// 21: `nbf` is not required, and never ignored.
#[test]
fn c21_a_token_is_not_good_before_its_time() {
    for rig in rigs() {
        let at = |nbf: Value| {
            let mut claims = claims();
            claims.insert("nbf".to_owned(), nbf);
            rig.sign(text(rig.header()), text(claims))
        };
        assert!(rig.accepts(&rig.token()));
        for past in [json!(NOW), json!(0), json!(-1), json!(1_799_999_999.5)] {
            assert!(rig.accepts(&at(past)));
        }
        for future in [json!(NOW + 1), json!(1_800_000_000.001)] {
            assert_eq!(reason(&rig.verifier, &at(future)), TokenError::NotYetValid);
        }
        for odd in [json!("0"), json!(null), json!(true), json!([0])] {
            assert!(!rig.accepts(&at(odd)));
        }
    }
}

/// 39: `DPoP` is not offered. No proof is a token, and no token that needs a
/// proof is taken with one.
#[test]
fn c39_no_dpop_proof_is_accepted_nor_what_is_bound_to_its_key() {
    for rig in rigs() {
        let jwk = serde_json::to_value(rig.key.verifying_key().to_jwk()).unwrap();
        let proof = object(json!({
            "jti": "-BwC3ESc6acc2lTc", "htm": "GET", "htu": "https://api.example/me",
            "iat": NOW, "ath": "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo",
        }));
        let mut proof_header = rig.header();
        proof_header.insert("typ".to_owned(), json!("dpop+jwt"));
        proof_header.insert("jwk".to_owned(), jwk.clone());
        let token = rig.sign(text(proof_header.clone()), text(proof.clone()));
        assert_eq!(reason(&rig.verifier, &token), TokenError::Type);
        // Nor if it has all that an access token has.
        let mut both = claims();
        both.extend(proof.clone());
        let token = rig.sign(text(proof_header), text(both));
        assert_eq!(reason(&rig.verifier, &token), TokenError::Type);
        let token = rig.sign(text(rig.header()), text(proof));
        assert!(matches!(
            reason(&rig.verifier, &token),
            TokenError::MissingClaim(_)
        ));
        let mut bound = claims();
        let thumbprint = rig.key.verifying_key().thumbprint();
        bound.insert("cnf".to_owned(), json!({ "jkt": thumbprint.to_string() }));
        let mut with_key = rig.header();
        with_key.insert("jwk".to_owned(), jwk);
        for header in [rig.header(), with_key] {
            let token = rig.sign(text(header), text(bound.clone()));
            assert_eq!(reason(&rig.verifier, &token), TokenError::Bound);
        }
    }
}

/// A set that has seen a good token recognises its header. What is asked of a
/// header is asked of that one too.
#[test]
fn c01_c30_a_header_that_was_accepted_elsewhere_is_judged_anew() {
    for rig in rigs() {
        let public = rig.key.verifying_key().clone();
        let public = public.with_backend(rig.backend).unwrap();
        let set = KeySet::new([public]).unwrap();
        let over = |change: fn(VerifierBuilder) -> VerifierBuilder| {
            let issuer = Issuer::new("https://auth.example").unwrap();
            let audience = Audience::new("https://api.example").unwrap();
            let now = Timestamp::from_unix_seconds(NOW);
            let builder = Verifier::builder(&issuer, &audience, Arc::new(set.clone()));
            change(builder.without_revocations())
                .with_clock(Arc::new(ManualClock::at(now)))
                .build()
                .unwrap()
        };
        let token = rig.token();
        let first = over(|builder| builder);
        for _ in 0..3 {
            assert!(first.verify_now(&token).is_ok());
        }
        let typed = over(|builder| builder.with_types(["JWT"]));
        assert_eq!(reason(&typed, &token), TokenError::Type);
        let none = over(|builder| builder.with_algorithms([]));
        assert_eq!(reason(&none, &token), TokenError::Algorithm);
        // Another signature under the same header is another token.
        let signed = token.rsplit_once('.').unwrap().0;
        let other = private(Algorithm::EdDsa);
        let forged = compact(text(rig.header()), text(claims()), |m| sign(&other, m));
        assert!(forged.starts_with(signed));
        assert_eq!(reason(&first, &forged), TokenError::Signature);
        let unsigned = reason(&first, &format!("{signed}."));
        assert_eq!(unsigned, TokenError::Malformed("empty part"));
    }
}

/// 46: a header is not remembered beyond the key that it was of.
#[test]
fn c46_a_key_that_replaces_another_under_its_name_is_the_one_that_verifies() {
    for &backend in Backend::ALL {
        let (old, new) = (private(Algorithm::EdDsa), private(Algorithm::EdDsa));
        let (old, new) = (Rig::new(old, backend), Rig::new(new, backend));
        let (was, is) = (old.token(), new.token());
        assert!(old.accepts(&was) && new.accepts(&is));
        assert!(!old.accepts(&is) && !new.accepts(&was));
        assert!(old.accepts(&was) && new.accepts(&is));
    }
}

/// Writes a JSON string with some letters escaped, as nobody does.
fn escaped(text: &str, mask: u64) -> String {
    let letters = text.chars().enumerate().map(|(place, letter)| {
        if mask >> (place % 64) & 1 == 1 {
            let mut units = [0; 2];
            let units = letter.encode_utf16(&mut units).iter();
            let escapes: Vec<_> = units.map(|unit| format!("\\u{unit:04x}")).collect();
            escapes.concat()
        } else {
            let quoted = serde_json::to_string(&letter).unwrap();
            quoted[1..quoted.len() - 1].to_owned()
        }
    });
    format!("\"{}\"", letters.collect::<String>())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// 29: however a payload is written, what the application gets is what was
    /// checked, and what any other reader finds in it.
    #[test]
    fn c29_what_is_handed_on_is_what_was_verified(
        mask in any::<u64>(),
        space in "[ \n\t\r]{0,3}",
        sub in "\\PC{1,20}",
        client in "\\PC{1,20}",
        role in "\\PC{0,20}",
        own in "\\PC{0,20}",
        order in Just((0..13).collect::<Vec<usize>>()).prop_shuffle(),
    ) {
        let mut said = claims();
        said.extend(object(json!({
            "sub": sub, "client_id": client, "roles": [role, "x"], "amr": [role],
            "scope": "read write", "own": own,
            "sid": "01890a5d-ac96-774b-bcce-b302099a8058",
            "tid": "00000000-0000-0000-0000-000000000000", "ver": 3,
        })));
        let write = |value: &Value| match value {
            Value::String(text) => escaped(text, mask),
            Value::Array(texts) => {
                let texts = texts.iter().map(|text| escaped(text.as_str().unwrap(), mask));
                format!("[{space}{}{space}]", texts.collect::<Vec<_>>().join(","))
            }
            other => other.to_string(),
        };
        let mut members: Vec<_> = said
            .iter()
            .map(|(name, value)| format!("{space}{}{space}:{}", escaped(name, mask), write(value)))
            .collect();
        members.sort_by_key(|member| order[member.len() % order.len()]);
        let payload = format!("{space}{{{}{space}}}{space}", members.join(","));
        for &backend in Backend::ALL {
            let rig = Rig::new(private(Algorithm::EdDsa), backend);
            let token = rig.sign(text(rig.header()), &payload);
            let identity = rig.verifier.verify_now(&token).unwrap();
            let read = identity.registered();
            prop_assert_eq!(read.issuer(), "https://auth.example");
            prop_assert_eq!(read.subject(), &sub);
            prop_assert_eq!(read.audience(), ["https://api.example"]);
            prop_assert_eq!(read.client(), Some(&*client));
            prop_assert_eq!(read.token_id(), Some("AAAAAAAAAAAAAAAAAAAAAA"));
            prop_assert_eq!(read.roles(), [role.as_str(), "x"]);
            prop_assert_eq!(read.amr(), [role.as_str()]);
            prop_assert_eq!(read.scope().to_string(), "read write");
            prop_assert_eq!(read.user_version(), Some(3));
            prop_assert!(read.session().is_some() && read.tenant().is_some());
            let all = identity.claims::<Map<String, Value>>().unwrap();
            prop_assert_eq!(&*all, &said);
        }
    }
}

/// 24: no time that a token can say, and no policy, overflows.
#[test]
fn c24_the_ends_of_time_do_not_overflow() {
    let key: SigningKey = private(Algorithm::EdDsa);
    let ends = [i64::MIN, -(1 << 53), -1, 0, 1 << 53, i64::MAX];
    for &backend in Backend::ALL {
        for lifetime in [std::time::Duration::ZERO, std::time::Duration::MAX] {
            let verifier = builder(vec![key.verifying_key().clone()], backend)
                .with_leeway(std::time::Duration::from_secs(60))
                .with_max_lifetime(lifetime)
                .build()
                .unwrap();
            for exp in ends {
                for iat in ends {
                    let mut claims = claims();
                    claims.insert("exp".to_owned(), json!(exp));
                    claims.insert("iat".to_owned(), json!(iat));
                    let token = compact(text(header("EdDSA")), text(claims), |m| sign(&key, m));
                    let good = lifetime == std::time::Duration::MAX
                        && exp == 1 << 53
                        && (-(1 << 53)..=0).contains(&iat);
                    assert_eq!(verifier.verify_now(&token).is_ok(), good, "{exp} {iat}");
                }
            }
        }
    }
}
