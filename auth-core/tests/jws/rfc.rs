//! The tokens that the RFCs print. Their payloads are no access tokens, so
//! the keys and signatures are what is compared.

use auth_core::key::{Algorithm, Backend, KeyError, SigningKey, VerifyingKey};
use auth_core::verifier::Verifier;
use serde_json::Value;

use crate::support::{decode, encode, sign, verifier};

const VECTORS: &str = include_str!("../vectors/jws/rfc_jws_vectors.json");
const RFC_7520: &str = include_str!("../vectors/jws/rfc7520.json");

fn vectors() -> Vec<Value> {
    read(VECTORS)
}

fn read(file: &str) -> Vec<Value> {
    let file: Value = serde_json::from_str(file).unwrap();
    file["vectors"].as_array().unwrap().clone()
}

/// The vector's key on every backend. The RFCs' keys name no algorithm.
fn keys(vector: &Value) -> Vec<VerifyingKey> {
    let mut jwk = vector["jwk"].clone();
    jwk["alg"] = vector["alg"].clone();
    let key = VerifyingKey::from_jwk(&jwk.to_string()).unwrap();
    let on = |&backend| key.clone().with_backend(backend).unwrap();
    Backend::ALL.iter().map(on).collect()
}

#[test]
fn the_signatures_that_the_rfcs_print_are_good_and_no_others() {
    let mut tried = Vec::new();
    for vector in vectors() {
        let id = vector["id"].as_str().unwrap().to_owned();
        let (signed, signature) = vector["token"].as_str().unwrap().rsplit_once('.').unwrap();
        if vector["jwk"].is_null() {
            continue;
        }
        let signature = decode(signature);
        for key in keys(&vector) {
            assert_eq!(key.algorithm().as_str(), vector["alg"], "{id}");
            assert!(key.verifies(signed.as_bytes(), &signature), "{id}");
            assert!(!key.verifies(&signed.as_bytes()[1..], &signature), "{id}");
            assert!(!key.verifies(signed.as_bytes(), &signature[1..]), "{id}");
        }
        tried.push(id);
    }
    assert_eq!(
        tried,
        ["RFC7515-A.1", "RFC7515-A.2", "RFC7515-A.3", "RFC8037-A.4"]
    );
}

/// RFC 8037 A.3.
#[test]
fn the_thumbprint_of_rfc_8037_is_the_key_id() {
    let vectors = vectors();
    let vector = vectors.iter().find(|vector| vector["id"] == "RFC8037-A.4");
    for key in keys(vector.unwrap()) {
        assert_eq!(key.kid(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }
}

/// 3: RFC 7515 A.5.
#[test]
fn c03_the_unsecured_token_of_rfc_7515_is_refused_with_every_key() {
    let vectors = vectors();
    let find = |id: &str| vectors.iter().find(|vector| vector["id"] == id).unwrap();
    let token = find("RFC7515-A.5")["token"].as_str().unwrap();
    let keyed = |id| keys(find(id)).into_iter();
    for key in keyed("RFC7515-A.1")
        .chain(keyed("RFC7515-A.2"))
        .chain(keyed("RFC7515-A.3"))
        .chain(keyed("RFC8037-A.4"))
    {
        assert!(!key.verifies(token.trim_end_matches('.').as_bytes(), b""));
        let backend = key.backend();
        let typeless = |verifier: Verifier| verifier.verify_now(token).is_ok();
        assert!(!typeless(verifier(vec![key], backend)));
    }
    assert_eq!(Algorithm::from_name("none"), None);
}

/// RFC 7520 §4.1, §4.2 and §4.4, and §4.3, whose curve is not supported. The
/// printed keys are private ones.
#[test]
fn the_signatures_of_rfc_7520_are_good_and_es512_is_refused_by_name() {
    let mut tried = Vec::new();
    for vector in read(RFC_7520) {
        let mut jwk = vector["jwk"].clone();
        jwk["alg"] = vector["alg"].clone();
        let alg = vector["alg"].as_str().unwrap();
        let key = SigningKey::from_jwk(&jwk.to_string());
        if alg == "ES512" {
            assert_eq!(key.err(), Some(KeyError::Unsupported));
            jwk.as_object_mut().unwrap().remove("d");
            for alg in ["ES512", "ES384", "ES256"] {
                jwk["alg"] = alg.into();
                let read = VerifyingKey::from_jwk(&jwk.to_string());
                assert_eq!(read.err(), Some(KeyError::Unsupported), "{alg}");
            }
            continue;
        }
        let key = key.unwrap();
        let public = key.verifying_key();
        assert_eq!(public.kid(), vector["jwk"]["kid"]);
        let (signed, signature) = vector["token"].as_str().unwrap().rsplit_once('.').unwrap();
        for &backend in Backend::ALL {
            let public = public.clone().with_backend(backend).unwrap();
            assert!(
                public.verifies(signed.as_bytes(), &decode(signature)),
                "{alg}"
            );
            assert!(!public.verifies(&signed.as_bytes()[1..], &decode(signature)));
        }
        if alg != "PS384" {
            assert_eq!(encode(sign(&key, signed.as_bytes())), signature, "{alg}");
        }
        tried.push(alg.to_owned());
    }
    assert_eq!(tried, ["RS256", "PS384", "HS256"]);
}

/// RFC 7638 §3.1, RFC 8037 A.3.
#[test]
fn the_thumbprints_that_the_rfcs_print_are_ours_in_text_and_bytes() {
    let rsa = r#"{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"}"#;
    let ed25519 =
        r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    for (jwk, wanted) in [
        (rsa, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"),
        (ed25519, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"),
    ] {
        let key = VerifyingKey::from_jwk(jwk).unwrap();
        assert_eq!(key.thumbprint().to_string(), wanted);
        assert_eq!(key.thumbprint().as_bytes().to_vec(), decode(wanted));
        assert_eq!(wanted.parse(), Ok(key.thumbprint()));
    }
}

/// RFC 7638 §3.2: the required members in the order of their names, of every
/// type; made here by the letter, from the JWK that we publish.
#[test]
fn every_type_of_key_has_its_thumbprint_for_a_key_id() {
    for &algorithm in Algorithm::ALL {
        let key = crate::support::private(algorithm);
        let jwk = key.expose_jwk().unwrap();
        let jwk: Value = serde_json::from_str(jwk.expose()).unwrap();
        let names: &[&str] = match jwk["kty"].as_str().unwrap() {
            "EC" => &["crv", "kty", "x", "y"],
            "OKP" => &["crv", "kty", "x"],
            "RSA" => &["e", "kty", "n"],
            _ => &["k", "kty"],
        };
        let members: Vec<_> = names
            .iter()
            .map(|name| format!("\"{name}\":{}", jwk[name]))
            .collect();
        let canonical = format!("{{{}}}", members.join(","));
        let wanted = ring::digest::digest(&ring::digest::SHA256, canonical.as_bytes());
        let public = key.verifying_key();
        let thumbprint = public.thumbprint();
        assert_eq!(thumbprint.as_bytes(), wanted.as_ref(), "{algorithm}");
        let text = thumbprint.to_string();
        assert_eq!(text, encode(wanted.as_ref()), "{algorithm}");
        let mut nameless = jwk.clone();
        nameless.as_object_mut().unwrap().remove("kid");
        let nameless = SigningKey::from_jwk(&nameless.to_string()).unwrap();
        assert_eq!(nameless.verifying_key().kid(), text);
    }
}
