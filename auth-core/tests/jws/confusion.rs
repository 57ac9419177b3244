//! One key, one algorithm: neither another of its family, nor the public key
//! taken for a secret.

use auth_core::jwt::TokenError;
use auth_core::key::{Algorithm, Backend, SigningKey, VerifyingKey};
use auth_core::verifier::VerifyError;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::support::{
    ASYMMETRIC, HMAC, Rig, builder, claims, compact, decode, header, mac, private, rigs, sign,
    sign_as, spki, text, to_pem,
};

/// Everything that is public of a key, as somebody might hand it to an HMAC.
pub(crate) fn public_forms(key: &VerifyingKey) -> Vec<(String, Vec<u8>)> {
    let der = spki(key);
    let pem = to_pem(&der);
    let jwk = serde_json::to_value(key.to_jwk()).unwrap();
    let jwks = json!({ "keys": [jwk] });
    let body = BASE64_STANDARD.encode(&der);
    let mut forms: Vec<(&str, Vec<u8>)> = vec![
        ("PEM", pem.clone().into()),
        ("PEM without its newline", pem.trim_end().into()),
        ("PEM with CRLF", pem.replace('\n', "\r\n").into()),
        (
            "PEM with CRLF but the last",
            pem.trim_end().replace('\n', "\r\n").into(),
        ),
        ("PEM after a newline", format!("\n{pem}").into()),
        ("PEM after a space", format!(" {pem}").into()),
        ("PEM and another newline", format!("{pem}\n").into()),
        ("PEM with written newlines", pem.replace('\n', "\\n").into()),
        ("PEM on one line", pem.replace('\n', "").into()),
        ("PEM and a NUL", format!("{pem}\0").into()),
        ("PEM body", body.clone().into()),
        ("PEM of PKCS#1", pem.replace("PUBLIC", "RSA PUBLIC").into()),
        ("DER", der.clone()),
        ("JWK", jwk.to_string().into()),
        ("JWK indented", format!("{jwk:#}").into()),
        (
            "JWK as served",
            serde_json::to_string(&key.to_jwk()).unwrap().into(),
        ),
        ("JWKS", jwks.to_string().into()),
        ("JWKS indented", format!("{jwks:#}").into()),
        ("thumbprint", key.thumbprint().to_string().into()),
        ("thumbprint bytes", decode(&key.thumbprint().to_string())),
        ("kid", key.kid().into()),
        ("nothing", Vec::new()),
    ];
    let mut point = vec![4];
    for name in ["x", "y", "n", "e"] {
        if let Some(text) = jwk[name].as_str() {
            forms.push((name, decode(text)));
            forms.push(("a member's text", text.into()));
            forms.push(("zero and a member", [vec![0], decode(text)].concat()));
            point.extend(decode(text));
        }
    }
    forms.push(("members", point[1..].to_vec()));
    forms.push(("members after 4", point));
    let named = |(name, form): (&str, Vec<u8>)| (name.to_owned(), form);
    forms.into_iter().map(named).collect()
}

/// 4: a key that is bound to one algorithm is not used with another.
#[test]
fn c04_a_key_is_used_with_its_own_algorithm_only() {
    let families: [&[Algorithm]; 2] = [&ASYMMETRIC[3..], HMAC];
    for rig in rigs() {
        assert!(rig.accepts(&rig.token()));
        let family = families.iter().find(|all| all.contains(&rig.algorithm));
        for &other in family.copied().unwrap_or_default() {
            if other == rig.algorithm {
                continue;
            }
            // What the header says is what was done, or is not.
            let honest = compact(text(header(other.as_str())), text(claims()), |message| {
                sign_as(other, &rig.key, message)
            });
            let reason = rig.verifier.verify_now(&honest).unwrap_err();
            let refused = matches!(reason, VerifyError::Invalid(TokenError::UnknownKey));
            assert!(refused, "{} {other} {reason:?}", rig.algorithm);
            let claimed = compact(text(rig.header()), text(claims()), |message| {
                sign_as(other, &rig.key, message)
            });
            let reason = rig.verifier.verify_now(&claimed).unwrap_err();
            let refused = matches!(reason, VerifyError::Invalid(TokenError::Signature));
            assert!(refused, "{} {other} {reason:?}", rig.algorithm);
            let relabelled = rig.sign(text(header(other.as_str())), text(claims()));
            assert!(!rig.accepts(&relabelled), "{} {other}", rig.algorithm);
        }
    }
}

/// 4: not in a set of keys of all algorithms either, whatever key it names.
#[test]
fn c04_in_a_mixed_set_a_key_id_brings_its_own_algorithm() {
    let kid = |algorithm: Algorithm| algorithm.as_str().to_lowercase();
    let keys: Vec<SigningKey> = Algorithm::ALL
        .iter()
        .map(|&algorithm| private(algorithm).with_kid(&kid(algorithm)).unwrap())
        .collect();
    let public: Vec<_> = keys.iter().map(|key| key.verifying_key().clone()).collect();
    let on = |&backend| builder(public.clone(), backend).build().unwrap();
    let verifiers: Vec<_> = Backend::ALL.iter().map(on).collect();
    for key in &keys {
        let own = key.verifying_key().algorithm();
        for &alg in Algorithm::ALL {
            for &named in Algorithm::ALL {
                let mut header = header(alg.as_str());
                header.insert("kid".to_owned(), json!(kid(named)));
                let token = compact(text(header), text(claims()), |m| sign(key, m));
                for verifier in &verifiers {
                    let accepted = verifier.verify_now(&token).is_ok();
                    let honest = alg == own && named == own;
                    assert_eq!(accepted, honest, "{own} key, alg {alg}, kid of {named}");
                }
            }
        }
    }
}

/// 5: with every allowlist, the careless one too.
#[test]
fn c05_a_mac_by_any_public_form_of_an_asymmetric_key_is_refused() {
    let mut tried = 0;
    for &algorithm in ASYMMETRIC {
        let key = private(algorithm);
        let public = key.verifying_key().clone();
        let forms = public_forms(&public);
        for &backend in Backend::ALL {
            let strict = builder(vec![public.clone()], backend).build().unwrap();
            let careless = builder(vec![public.clone()], backend)
                .with_algorithms(Algorithm::ALL.iter().copied())
                .build()
                .unwrap();
            let good = Rig::new(private(algorithm), backend);
            assert!(good.accepts(&good.token()));
            for (name, form) in &forms {
                for &hash in HMAC {
                    for alg in [hash, algorithm] {
                        for kid in [
                            json!("ours"),
                            json!(public.thumbprint().to_string()),
                            Value::Null,
                        ] {
                            let mut header = header(alg.as_str());
                            header.insert("kid".to_owned(), kid);
                            header.retain(|_, value| !value.is_null());
                            let token =
                                compact(text(header), text(claims()), |m| mac(hash, form, m));
                            for verifier in [&strict, &careless] {
                                let verdict = verifier.verify_now(&token);
                                assert!(verdict.is_err(), "{algorithm} as {hash}: {name}");
                            }
                            tried += 1;
                        }
                    }
                }
            }
        }
    }
    assert!(tried > 4000, "{tried}");
}

/// 5: nor can such a form become a secret by our own reader unnoticed.
#[test]
fn c05_a_public_jwk_is_never_read_as_a_secret() {
    for &algorithm in ASYMMETRIC {
        let mut jwk = serde_json::to_value(private(algorithm).verifying_key().to_jwk()).unwrap();
        for &hash in HMAC {
            jwk["alg"] = json!(hash.as_str());
            assert!(
                VerifyingKey::from_jwk(&jwk.to_string()).is_err(),
                "{algorithm} {hash}"
            );
        }
    }
}
