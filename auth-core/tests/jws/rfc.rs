//! The tokens that the RFCs print. Their payloads are no access tokens, so
//! the keys and signatures are what is compared.

use auth_core::key::{Algorithm, Backend, VerifyingKey};
use auth_core::verifier::Verifier;
use serde_json::Value;

use crate::support::{decode, verifier};

const VECTORS: &str = include_str!("../vectors/jws/rfc_jws_vectors.json");

fn vectors() -> Vec<Value> {
    let file: Value = serde_json::from_str(VECTORS).unwrap();
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
