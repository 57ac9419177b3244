//! Signatures that are none, however they look.

use auth_core::key::{Algorithm, Backend, KeyError, VerifyingKey};
use serde_json::{Value, json};

use crate::support::{
    RSA_PUBLIC, Rig, claims, compact, decode, encode, rigs, sign, text, verifier,
};

const PSS: &str = include_str!("../vectors/jws/pss.json");
const N_P256: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
const N_P384: &str = "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf\
                      581a0db248b0a77aecec196accc52973";
/// The order of Ed25519's group, little-endian.
const L: &str = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";

pub(crate) fn hex(text: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(byte).collect()
}

/// The group's order and one less; `None` for what is not ECDSA.
pub(crate) fn order(algorithm: Algorithm) -> Option<(Vec<u8>, Vec<u8>)> {
    let n = match algorithm {
        Algorithm::Es256 => hex(N_P256),
        Algorithm::Es384 => hex(N_P384),
        _ => return None,
    };
    let mut less = n.clone();
    *less.last_mut().unwrap() -= 1;
    Some((n, less))
}

/// r ‖ s as an ASN.1 SEQUENCE of two INTEGERs.
pub(crate) fn to_der(signature: &[u8]) -> Vec<u8> {
    let integer = |bytes: &[u8]| {
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        let sign = bytes[zeros] >> 7;
        let body = [&[0][..usize::from(sign)], &bytes[zeros..]].concat();
        [&[2, u8::try_from(body.len()).unwrap()], &body[..]].concat()
    };
    let (r, s) = signature.split_at(signature.len() / 2);
    let body = [integer(r), integer(s)].concat();
    [&[0x30, u8::try_from(body.len()).unwrap()], &body[..]].concat()
}

fn with_signature(rig: &Rig, change: impl FnOnce(Vec<u8>) -> Vec<u8>) -> String {
    compact(text(rig.header()), text(claims()), |message| {
        change(sign(&rig.key, message))
    })
}

#[test]
fn c06_psychic_ecdsa_signatures_are_refused() {
    for rig in rigs() {
        let Some((n, less)) = order(rig.algorithm) else {
            continue;
        };
        let number = |last| {
            let mut number = vec![0; n.len()];
            *number.last_mut().unwrap() = last;
            number
        };
        let odd = [number(0), n.clone(), vec![0xff; n.len()]];
        let any = [number(1), less.clone(), number(2)]
            .into_iter()
            .chain(odd.clone());
        for other in any {
            for zero in &odd {
                for signature in [[zero.clone(), other.clone()], [other.clone(), zero.clone()]] {
                    let token = with_signature(&rig, |_| signature.concat());
                    assert!(!rig.accepts(&token), "{} {signature:?}", rig.algorithm);
                }
            }
            // r or s of a good signature.
            for zero in &odd {
                let half = n.len();
                let r = with_signature(&rig, |good| [zero, &good[half..]].concat());
                let s = with_signature(&rig, |good| [&good[..half], zero].concat());
                assert!(!rig.accepts(&r) && !rig.accepts(&s), "{}", rig.algorithm);
            }
        }
    }
}

#[test]
fn c06_der_signatures_are_refused() {
    for rig in rigs().filter(|rig| order(rig.algorithm).is_some()) {
        for _ in 0..50 {
            let token = with_signature(&rig, |good| to_der(&good));
            assert!(!rig.accepts(&token), "{}", rig.algorithm);
        }
    }
}

#[test]
fn c06_c09_signatures_of_another_length_are_refused() {
    for rig in rigs() {
        assert!(rig.accepts(&rig.token()));
        let len = decode(rig.token().rsplit_once('.').unwrap().1).len();
        for cut in [1, 2, len / 4, len / 2, len - 16, len - 1] {
            let name = rig.algorithm;
            let start = with_signature(&rig, |good| good[..len - cut].to_vec());
            assert!(!rig.accepts(&start), "{name} less {cut} at its end");
            let end = with_signature(&rig, |good| good[cut..].to_vec());
            assert!(!rig.accepts(&end), "{name} less {cut} at its start");
            let longer = with_signature(&rig, |good| [&good[..], &good[..cut]].concat());
            assert!(!rig.accepts(&longer), "{name} and {cut} more");
            let padded = with_signature(&rig, |good| [vec![0; cut], good].concat());
            assert!(!rig.accepts(&padded), "{name} after {cut} zeros");
        }
    }
}

#[test]
fn c07_an_ed25519_signature_whose_s_is_not_reduced_is_refused() {
    for rig in rigs().filter(|rig| rig.algorithm == Algorithm::EdDsa) {
        let add_l = |mut good: Vec<u8>| {
            let mut carry = 0;
            for (byte, order) in good[32..].iter_mut().zip(hex(L)) {
                let sum = u16::from(*byte) + u16::from(order) + carry;
                *byte = sum.to_le_bytes()[0];
                carry = sum >> 8;
            }
            good
        };
        assert!(rig.accepts(&with_signature(&rig, |good| good)));
        assert!(!rig.accepts(&with_signature(&rig, add_l)));
        assert!(!rig.accepts(&with_signature(&rig, |good| add_l(add_l(good)))));
        for top in [0x20, 0x40, 0x80, 0xe0] {
            let token = with_signature(&rig, |mut good| {
                good[63] |= top;
                good
            });
            assert!(!rig.accepts(&token), "{top:x}");
        }
        for s in [hex(L), vec![0; 32], vec![0xff; 32]] {
            let token = with_signature(&rig, |good| [&good[..32], &s].concat());
            assert!(!rig.accepts(&token), "{s:?}");
        }
        assert!(!rig.accepts(&with_signature(&rig, |_| vec![0; 64])));
    }
}

#[test]
fn c07_an_ed25519_key_of_small_order_is_refused() {
    let eighth = "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03";
    let other = "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc";
    let inner = |first: &str, fill: &str| format!("{first}{}", fill.repeat(30));
    for (start, top) in [
        (inner("00", "00"), 0x00),
        (inner("01", "00"), 0x00),
        (inner("ec", "ff"), 0x7f),
        (inner("ed", "ff"), 0x7f),
        (inner("ee", "ff"), 0x7f),
        (inner("ff", "ff"), 0x7f),
        (eighth.to_owned(), 0x7a),
        (other.to_owned(), 0x05),
    ] {
        for sign in [0, 0x80] {
            let x = [hex(&start), vec![top | sign]].concat();
            let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": encode(&x) }).to_string();
            assert_eq!(
                VerifyingKey::from_jwk(&jwk).err(),
                Some(KeyError::Point),
                "{x:?}"
            );
            let der = [hex("302a300506032b6570032100"), x].concat();
            let read = VerifyingKey::from_der(&der, Algorithm::EdDsa);
            assert_eq!(read.err(), Some(KeyError::Point));
        }
    }
}

/// 8: tokens that OpenSSL signed, with every salt length and MGF1 hash.
#[test]
fn c08_pss_takes_one_salt_length_and_one_mgf1_hash() {
    let file: Value = serde_json::from_str(PSS).unwrap();
    let (mut good, mut bad) = (0, 0);
    for case in file["cases"].as_array().unwrap() {
        let algorithm = Algorithm::from_name(case["alg"].as_str().unwrap()).unwrap();
        let key = VerifyingKey::from_pem(RSA_PUBLIC, algorithm).unwrap();
        let token = case["token"].as_str().unwrap();
        for &backend in Backend::ALL {
            let verifier = verifier(vec![key.clone().with_kid("rsa").unwrap()], backend);
            let accepted = verifier.verify_now(token).is_ok();
            assert_eq!(accepted, case["good"], "{backend:?} {case}");
        }
        *(if case["good"] == true {
            &mut good
        } else {
            &mut bad
        }) += 1;
    }
    assert_eq!((good, bad), (3, 51));
}
