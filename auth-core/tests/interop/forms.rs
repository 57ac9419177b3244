//! A key is the same key in every form in which `jsonwebtoken` holds it, and
//! its JWKs and thumbprints are ours.

use auth_core::interop::{decoding_key, encoding_key, jwk, signing_key, verifying_key};
use auth_core::key::{Algorithm, SigningKey};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jsonwebtoken::jwk::{Jwk, ThumbprintHash};
use jsonwebtoken::{DecodingKey, EncodingKey};

use crate::ours::{is_hmac, is_rsa, key};
use crate::strict::install;

const RSA_PUBLIC: &str = include_str!("../vectors/jws/rsa-2048.public.pem");

/// The bytes within a PEM.
pub(crate) fn pem_der(pem: &str) -> Vec<u8> {
    let body: String = pem.lines().filter(|line| !line.contains("--")).collect();
    BASE64_STANDARD.decode(body).unwrap()
}

#[test]
fn jwks_that_jsonwebtoken_makes_of_our_keys_are_ours() {
    install();
    for &algorithm in Algorithm::ALL {
        let key = key(algorithm);
        let public = key.verifying_key();
        let of_private = Jwk::from_encoding_key(&encoding_key(&key).unwrap(), algorithm.into());
        let of_public =
            Jwk::from_decoding_key(&decoding_key(public).unwrap(), Some(algorithm.into()));
        let of_private = of_private.unwrap();
        assert_eq!(of_private, of_public.unwrap(), "{algorithm}");
        if let Some(ours) = jwk(public) {
            assert_eq!(of_private.algorithm, ours.algorithm, "{algorithm}");
        }
        let thumbprint = of_private.thumbprint(ThumbprintHash::SHA256).unwrap();
        assert_eq!(thumbprint, public.thumbprint().to_string(), "{algorithm}");
    }
}

#[test]
fn thumbprints_are_made_with_every_hash() {
    install();
    let jwk = jwk(key(Algorithm::EdDsa).verifying_key()).unwrap();
    let len = |hash| jwk.thumbprint(hash).unwrap().len();
    assert_eq!(len(ThumbprintHash::SHA256), 43);
    assert_eq!(len(ThumbprintHash::SHA384), 64);
    assert_eq!(len(ThumbprintHash::SHA512), 86);
}

#[test]
fn an_rsa_key_is_read_from_pkcs1_and_from_its_parts() {
    install();
    let spki = pem_der(RSA_PUBLIC);
    let spki = spki::SubjectPublicKeyInfoRef::try_from(&spki[..]).unwrap();
    let der = DecodingKey::from_rsa_der(spki.subject_public_key.as_bytes().unwrap());
    for &algorithm in Algorithm::ALL.iter().filter(|it| is_rsa(**it)) {
        let ours = key(algorithm);
        let thumbprint = ours.verifying_key().thumbprint();
        assert_eq!(
            verifying_key(&der, algorithm).unwrap().thumbprint(),
            thumbprint
        );
        let theirs = decoding_key(ours.verifying_key()).unwrap();
        assert_eq!(
            verifying_key(&theirs, algorithm).unwrap().thumbprint(),
            thumbprint
        );
        // Some write the modulus as a signed number, with a zero before it.
        let jwk = Jwk::from_decoding_key(&der, Some(algorithm.into())).unwrap();
        let jwk = serde_json::to_value(jwk).unwrap();
        let n = base64::prelude::BASE64_URL_SAFE_NO_PAD
            .decode(jwk["n"].as_str().unwrap())
            .unwrap();
        let signed = DecodingKey::from_rsa_raw_components(&[&[0], &n[..]].concat(), &[1, 0, 1]);
        assert_eq!(
            verifying_key(&signed, algorithm).unwrap().thumbprint(),
            thumbprint
        );
    }
}

#[test]
fn an_ed25519_key_that_shows_its_public_half_is_handed_on_without_it() {
    install();
    let ours = key(Algorithm::EdDsa);
    let v1 = ours.expose().expose().clone();
    let public = serde_json::to_value(ours.verifying_key().to_jwk()).unwrap();
    let public = base64::prelude::BASE64_URL_SAFE_NO_PAD
        .decode(public["x"].as_str().unwrap())
        .unwrap();
    // RFC 8410 §7: version 2, the key of version 1, then [1] IMPLICIT BIT STRING.
    let mut v2 = vec![0x30, 0x51, 2, 1, 1];
    v2.extend_from_slice(&v1[5..]);
    v2.extend_from_slice(&[0x81, 0x21, 0]);
    v2.extend_from_slice(&public);
    let read = SigningKey::from_pkcs8(&v2, Algorithm::EdDsa).unwrap();
    let theirs = encoding_key(&read).unwrap();
    assert_eq!(theirs.as_bytes(), v1);
    // The other way round both are read.
    for der in [v1, v2] {
        let back = signing_key(&EncodingKey::from_ed_der(&der), Algorithm::EdDsa).unwrap();
        let thumbprint = ours.verifying_key().thumbprint();
        assert_eq!(back.verifying_key().thumbprint(), thumbprint);
    }
}

#[test]
fn a_shared_secret_is_no_jwk_to_publish() {
    for &algorithm in Algorithm::ALL {
        let key = key(algorithm);
        assert_eq!(jwk(key.verifying_key()).is_none(), is_hmac(algorithm));
    }
}
