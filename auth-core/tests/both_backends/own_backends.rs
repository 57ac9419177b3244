//! `jsonwebtoken` on its own backends, with our keys and tokens; and the weak
//! keys that they take.

#[path = "../interop/ours.rs"]
mod ours;

use auth_core::interop::{
    KeySigner, RING_PROVIDER, decoding_key, encoding_key, signing_key, verifying_key,
};
use auth_core::key::{Algorithm, KeyError};
use jsonwebtoken::crypto::{CryptoProvider, aws_lc, rust_crypto};
use jsonwebtoken::jwk::ThumbprintHash;
use jsonwebtoken::{DecodingKey, EncodingKey, Header, Validation, decode, encode};
use ours::{everywhere, is_good, is_hmac, key, now, refusal, sign, verifier};
use serde_json::{Map, Value, json};

const THEIRS: [(&str, &CryptoProvider); 2] = [
    ("aws_lc_rs", &aws_lc::DEFAULT_PROVIDER),
    ("rust_crypto", &rust_crypto::DEFAULT_PROVIDER),
];

/// A signature, or why there is none.
fn signed(
    provider: &CryptoProvider,
    key: &EncodingKey,
    algorithm: Algorithm,
) -> jsonwebtoken::errors::Result<Vec<u8>> {
    let signer = (provider.signer_factory)(&algorithm.into(), key)?;
    Ok(signer.try_sign(b"message")?)
}

fn takes(
    provider: &CryptoProvider,
    key: &DecodingKey,
    algorithm: Algorithm,
    signature: &[u8],
) -> bool {
    let verifier = (provider.verifier_factory)(&algorithm.into(), key);
    verifier.is_ok_and(|verifier| is_good(&*verifier, b"message", signature))
}

#[test]
fn our_keys_sign_and_verify_on_both_and_so_does_our_provider() {
    for (algorithm, backend) in everywhere() {
        let key = key(algorithm).with_backend(backend).unwrap();
        let public = key.verifying_key();
        let (encoding, decoding) = (encoding_key(&key).unwrap(), decoding_key(public).unwrap());
        let own = sign(&KeySigner::from(ours::again(&key)), b"message");
        let ring = signed(&RING_PROVIDER, &encoding, algorithm).unwrap();
        for (name, provider) in THEIRS {
            let theirs = signed(provider, &encoding, algorithm).unwrap();
            assert!(public.verifies(b"message", &theirs), "{algorithm} {name}");
            assert!(
                takes(&RING_PROVIDER, &decoding, algorithm, &theirs),
                "{algorithm} {name}"
            );
            assert!(
                takes(provider, &decoding, algorithm, &own),
                "{algorithm} {name}"
            );
            assert!(
                takes(provider, &decoding, algorithm, &ring),
                "{algorithm} {name}"
            );
            let mut damaged = theirs;
            damaged[7] ^= 1;
            assert!(!public.verifies(b"message", &damaged));
            assert!(!takes(provider, &decoding, algorithm, &damaged));
        }
    }
}

#[test]
fn public_parts_and_digests_are_those_of_both() {
    let ours = &RING_PROVIDER.key_utils;
    for &algorithm in Algorithm::ALL {
        let key = encoding_key(&key(algorithm)).unwrap();
        let der = key.as_bytes();
        for (name, provider) in THEIRS {
            let theirs = &provider.key_utils;
            let rsa = (ours.rsa_pub_components_from_private_key)(der);
            let same = (theirs.rsa_pub_components_from_private_key)(der);
            assert_eq!(rsa.ok(), same.ok(), "{algorithm} {name}");
            let ec = (ours.ec_pub_components_from_private_key)(der, algorithm.into());
            let same = (theirs.ec_pub_components_from_private_key)(der, algorithm.into());
            assert_eq!(ec.ok(), same.ok(), "{algorithm} {name}");
            let curve = jsonwebtoken::jwk::EllipticCurve::Ed25519;
            let ed = (ours.ed_pub_components_from_private_key)(der, &curve);
            let same = (theirs.ed_pub_components_from_private_key)(der, &curve);
            assert_eq!(ed.ok(), same.ok(), "{algorithm} {name}");
        }
    }
    for hash in [
        ThumbprintHash::SHA256,
        ThumbprintHash::SHA384,
        ThumbprintHash::SHA512,
    ] {
        let digest = (ours.compute_digest)(b"data", hash.clone()).unwrap();
        for (_, provider) in THEIRS {
            let same = (provider.key_utils.compute_digest)(b"data", hash.clone()).unwrap();
            assert_eq!(digest, same);
        }
    }
}

/// The one test here that needs a provider of the process.
#[test]
fn tokens_are_read_in_both_directions_with_its_own_backend_installed() {
    aws_lc::DEFAULT_PROVIDER.install_default().unwrap();
    for (algorithm, backend) in everywhere() {
        let key = key(algorithm).with_backend(backend).unwrap();
        let public = key.verifying_key();
        let now = now();
        let mut validation = Validation::new(algorithm.into());
        validation.leeway = 0;
        validation.set_audience(&[ours::AUDIENCE]);
        validation.set_issuer(&[ours::ISSUER]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        let token = ours::issue(&key, now, &Map::new());
        let theirs = decoding_key(public).unwrap();
        let decoded = decode::<Value>(&token, &theirs, &validation).unwrap();
        assert!(decode::<Value>(ours::forged(&token), &theirs, &validation).is_err());
        let header = Header {
            typ: Some("at+jwt".to_owned()),
            kid: Some("ours".to_owned()),
            ..Header::new(algorithm.into())
        };
        let token = encode(&header, &decoded.claims, &encoding_key(&key).unwrap()).unwrap();
        assert_eq!(refusal(&verifier(public, now), &token), None, "{algorithm}");
    }
    the_empty_secret_is_accepted(&Validation::new(jsonwebtoken::Algorithm::HS256));
}

/// A token that anybody can make: its key is empty.
fn the_empty_secret_is_accepted(validation: &Validation) {
    let empty = EncodingKey::from_secret(b"");
    let token = encode(&Header::default(), &json!({ "exp": now() + 60 }), &empty).unwrap();
    assert!(decode::<Value>(&token, &DecodingKey::from_secret(b""), validation).is_ok());
}

#[test]
fn c41_both_take_hmac_keys_that_we_refuse() {
    for &algorithm in Algorithm::ALL.iter().filter(|it| is_hmac(**it)) {
        for secret in [&b""[..], b"secret"] {
            let encoding = EncodingKey::from_secret(secret);
            let decoding = DecodingKey::from_secret(secret);
            for (name, provider) in THEIRS {
                let signature = signed(provider, &encoding, algorithm).unwrap();
                assert!(takes(provider, &decoding, algorithm, &signature), "{name}");
                assert!(!takes(&RING_PROVIDER, &decoding, algorithm, &signature));
            }
            assert!(signed(&RING_PROVIDER, &encoding, algorithm).is_err());
            let short = Some(KeyError::HmacTooShort);
            assert_eq!(signing_key(&encoding, algorithm).err(), short);
            assert_eq!(verifying_key(&decoding, algorithm).err(), short);
        }
    }
}

/// R and the key are the neutral point and s is 0: good for every message.
#[test]
fn c07_both_take_a_signature_without_a_private_key_that_we_refuse() {
    let mut one = [0; 32];
    one[0] = 1;
    let signature = [one, [0; 32]].concat();
    let key = DecodingKey::from_ed_der(&one);
    for (name, provider) in THEIRS {
        assert!(
            takes(provider, &key, Algorithm::EdDsa, &signature),
            "{name}"
        );
    }
    assert!(!takes(&RING_PROVIDER, &key, Algorithm::EdDsa, &signature));
    assert_eq!(
        verifying_key(&key, Algorithm::EdDsa).err(),
        Some(KeyError::Point)
    );
}
