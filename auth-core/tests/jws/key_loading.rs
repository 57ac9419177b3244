//! What is refused before it is a key: numbers, points, secrets and PEM.

use auth_core::SystemRandom;
use auth_core::key::{Algorithm, Backend, KeyError, SigningKey, VerifyingKey};
use serde_json::{Value, json};

use crate::support::{
    ASYMMETRIC, HMAC, RSA_PRIVATE, RSA_PUBLIC, decode, der_of, encode, private, spki, to_pem,
};

const FOREIGN: &str = include_str!("../vectors/jws/foreign.json");
const RSA_1024: &str = include_str!("../vectors/jws/rsa-1024.public.pem");
const RSA_1024_PRIVATE: &str = include_str!("../vectors/jws/rsa-1024.private.pem");
const RSA_2047: &str = include_str!("../vectors/jws/rsa-2047.public.pem");
const RSA: &[Algorithm] = &[
    Algorithm::Rs256,
    Algorithm::Rs384,
    Algorithm::Rs512,
    Algorithm::Ps256,
    Algorithm::Ps384,
    Algorithm::Ps512,
];

fn foreign(kind: &str) -> Vec<(String, String)> {
    let file: Value = serde_json::from_str(FOREIGN).unwrap();
    let pems = file[kind].as_object().unwrap().clone();
    let text = |(name, pem): (String, Value)| (name, pem.as_str().unwrap().to_owned());
    pems.into_iter().map(text).collect()
}

fn rsa(n: &[u8], e: &[u8], algorithm: Algorithm) -> Result<VerifyingKey, KeyError> {
    let jwk = json!({ "kty": "RSA", "alg": algorithm.as_str(), "n": encode(n), "e": encode(e) });
    VerifyingKey::from_jwk(&jwk.to_string())
}

fn modulus() -> Vec<u8> {
    let key = VerifyingKey::from_pem(RSA_PUBLIC, Algorithm::Rs256).unwrap();
    let jwk = serde_json::to_value(key.to_jwk().unwrap()).unwrap();
    decode(jwk["n"].as_str().unwrap())
}

fn loads_everywhere(key: &VerifyingKey) -> bool {
    let on = |&backend| key.clone().with_backend(backend).is_ok();
    Backend::ALL.iter().all(on)
}

#[test]
fn c40_an_rsa_key_below_2048_or_above_8192_bits_is_refused() {
    for &algorithm in RSA {
        for pem in [RSA_1024, RSA_2047] {
            let read = VerifyingKey::from_pem(pem, algorithm);
            assert_eq!(read.err(), Some(KeyError::RsaSize), "{algorithm}");
        }
        assert!(SigningKey::from_pem(RSA_1024_PRIVATE, algorithm).is_err());
        for (len, first) in [
            (0, 0),
            (1, 1),
            (255, 0xff),
            (256, 0x7f),
            (1025, 1),
            (4096, 0xff),
        ] {
            let mut n = vec![0xff; len];
            n.iter_mut().take(1).for_each(|byte| *byte = first);
            let read = rsa(&n, &[1, 0, 1], algorithm);
            assert_eq!(read.err(), Some(KeyError::RsaSize), "{algorithm} {len}");
            let padded = [&[0; 300][..], &n].concat();
            let read = rsa(&padded, &[1, 0, 1], algorithm);
            assert_eq!(read.err(), Some(KeyError::RsaSize), "{algorithm} {len}");
        }
    }
}

#[test]
fn c40_an_rsa_exponent_that_is_even_or_below_3_or_above_2_to_33_is_refused() {
    let n = modulus();
    for &algorithm in RSA {
        for bad in [
            &[][..],
            &[0],
            &[1],
            &[0, 1],
            &[2],
            &[4],
            &[1, 0, 0],
            &[2, 0, 0, 0, 0],
            &[2, 0, 0, 0, 1],
            &[0xff; 8],
            // 2⁶⁴ + 3 and 2⁶⁴ + 65537 are 3 and 65537 to a reader of 64 bits.
            &[1, 0, 0, 0, 0, 0, 0, 0, 3],
            &[1, 0, 0, 0, 0, 0, 1, 0, 1],
            &[0xff; 256],
        ] {
            let read = rsa(&n, bad, algorithm);
            assert_eq!(read.err(), Some(KeyError::RsaExponent), "{bad:?}");
        }
        for good in [&[3][..], &[17], &[1, 0, 1], &[1, 0xff, 0xff, 0xff, 0xff]] {
            let key = rsa(&n, good, algorithm).unwrap();
            assert!(loads_everywhere(&key), "{algorithm} {good:?}");
        }
        let mut even = n.clone();
        even[255] &= 0xfe;
        let read = rsa(&even, &[1, 0, 1], algorithm);
        assert_eq!(read.err(), Some(KeyError::RsaExponent));
    }
}

#[test]
fn c41_an_hmac_secret_shorter_than_its_hash_is_refused() {
    for (&algorithm, least) in HMAC.iter().zip([32, 48, 64]) {
        for len in 0..=65 {
            let secret = vec![7; len];
            let jwk = json!({ "kty": "oct", "alg": algorithm.as_str(), "k": encode(&secret) });
            let verdicts = [
                VerifyingKey::hmac(&secret, algorithm).err(),
                SigningKey::hmac(&secret, algorithm).err(),
                VerifyingKey::from_jwk(&jwk.to_string()).err(),
            ];
            let wanted = (len < least).then_some(KeyError::HmacTooShort);
            assert_eq!(verdicts, [wanted; 3], "{algorithm} {len}");
        }
        let key = VerifyingKey::hmac(&vec![7; least], algorithm).unwrap();
        assert!(loads_everywhere(&key));
    }
    for &algorithm in ASYMMETRIC {
        let read = VerifyingKey::hmac(&[7; 64], algorithm);
        assert_eq!(read.err(), Some(KeyError::WrongType), "{algorithm}");
    }
}

#[test]
fn c42_an_ec_point_off_its_curve_is_refused() {
    for (algorithm, crv, len) in [
        (Algorithm::Es256, "P-256", 32),
        (Algorithm::Es384, "P-384", 48),
    ] {
        let jwk = serde_json::to_value(private(algorithm).verifying_key().to_jwk()).unwrap();
        let [x, y] = ["x", "y"].map(|name| decode(jwk[name].as_str().unwrap()));
        let changed = |at: usize| {
            let mut y = y.clone();
            y[at] ^= 1;
            y
        };
        let same = vec![0; len];
        for (x, y) in [
            (x.clone(), changed(len - 1)),
            (x.clone(), changed(0)),
            (y.clone(), x.clone()),
            (same.clone(), same.clone()),
            (vec![0xff; len], vec![0xff; len]),
            (vec![0xff; len], y.clone()),
            (x.clone(), vec![0xff; len]),
            (x.clone(), same.clone()),
        ] {
            let jwk = json!({ "kty": "EC", "crv": crv, "x": encode(&x), "y": encode(&y) });
            let read = VerifyingKey::from_jwk(&jwk.to_string());
            assert_eq!(read.err(), Some(KeyError::Point), "{jwk}");
            let mut spki = spki(private(algorithm).verifying_key());
            let start = spki.len() - 2 * len;
            spki.splice(start.., [x, y].concat());
            let read = VerifyingKey::from_der(&spki, algorithm);
            assert_eq!(read.err(), Some(KeyError::Point), "{jwk}");
        }
    }
}

#[test]
fn c42_a_key_is_no_key_of_another_algorithms_curve_or_type() {
    for &algorithm in ASYMMETRIC {
        let key = private(algorithm);
        let spki = spki(key.verifying_key());
        for &other in Algorithm::ALL {
            let read = VerifyingKey::from_der(&spki, other);
            let same_type = RSA.contains(&algorithm) && RSA.contains(&other);
            if algorithm == other || same_type {
                assert!(loads_everywhere(&read.unwrap()), "{algorithm} {other}");
            } else {
                assert_eq!(read.err(), Some(KeyError::WrongType), "{algorithm} {other}");
                let private = SigningKey::from_pkcs8(key.expose().expose(), other);
                assert!(private.is_err(), "{algorithm} {other}");
            }
        }
    }
}

#[test]
fn keys_of_other_types_and_forms_are_refused() {
    for &algorithm in Algorithm::ALL {
        for (name, pem) in foreign("unsupported") {
            let read = VerifyingKey::from_pem(&pem, algorithm);
            assert!(read.is_err(), "{algorithm} {name}");
        }
    }
}

#[test]
fn pem_of_another_label_is_refused() {
    let mut pems = foreign("mislabelled");
    for label in [
        "CERTIFICATE",
        "RSA PUBLIC KEY",
        "EC PUBLIC KEY",
        "PRIVATE KEY",
        "public key",
    ] {
        pems.push((label.to_owned(), RSA_PUBLIC.replace("PUBLIC KEY", label)));
    }
    for label in ["RSA PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "PUBLIC KEY"] {
        pems.push((label.to_owned(), RSA_PRIVATE.replace("PRIVATE KEY", label)));
    }
    for &algorithm in Algorithm::ALL {
        for (name, pem) in &pems {
            let read = VerifyingKey::from_pem(pem, algorithm);
            assert!(read.is_err(), "public {algorithm} {name}");
            let read = SigningKey::from_pem(pem, algorithm);
            assert!(read.is_err(), "private {algorithm} {name}");
        }
        assert!(VerifyingKey::from_pem(RSA_PRIVATE, algorithm).is_err());
        assert!(SigningKey::from_pem(RSA_PUBLIC, algorithm).is_err());
    }
}

#[test]
fn garbage_in_a_pem_is_refused_and_line_ends_are_not() {
    let key = SigningKey::generate_for(Algorithm::Es256, &SystemRandom::new()).unwrap();
    let pem = to_pem(&spki(key.verifying_key()));
    for bad in [
        String::new(),
        "-----BEGIN PUBLIC KEY-----".to_owned(),
        "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n".to_owned(),
        pem.replace("END PUBLIC", "END PRIVATE"),
        pem.replace("-----END PUBLIC KEY-----", ""),
        pem.replacen('A', "*", 1),
        pem.replacen('A', "\0", 1),
        pem.replacen('A', "é", 1),
        pem.replacen("MF", "M", 1),
        pem.replace("-----BEGIN", "----BEGIN"),
        format!("{pem}{pem}"),
        format!("{pem}x"),
    ] {
        let read = VerifyingKey::from_pem(&bad, Algorithm::Es256);
        assert_eq!(read.err(), Some(KeyError::Malformed), "{bad}");
    }
    for good in [&pem, &pem.replace('\n', "\r\n"), pem.trim_end()] {
        let read = VerifyingKey::from_pem(good, Algorithm::Es256).unwrap();
        assert_eq!(read.thumbprint(), key.verifying_key().thumbprint());
    }
    for len in 0..der_of(&pem).len() {
        assert!(VerifyingKey::from_der(&der_of(&pem)[..len], Algorithm::Es256).is_err());
    }
}

/// Found by fuzzing: with another CRT exponent the key was taken, and then
/// every token failed to be issued.
#[test]
fn a_private_key_that_cannot_sign_for_its_public_half_is_refused() {
    let good = der_of(RSA_PRIVATE);
    let d_mod_p = 833..961;
    for place in d_mod_p.step_by(16) {
        let mut bad = good.clone();
        bad[place] ^= 2;
        for &algorithm in RSA {
            let read = SigningKey::from_pkcs8(&bad, algorithm);
            assert_eq!(
                read.err(),
                Some(KeyError::Inconsistent),
                "{algorithm} {place}"
            );
        }
    }
}
