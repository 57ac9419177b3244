//! One key, one algorithm, below the level of tokens.

use auth_core::key::{Algorithm, Backend, SigningKey, VerifyingKey};

use crate::support::{ASYMMETRIC, HMAC, der_of, mac, private, sign, sign_as};

fn on_every_backend(key: &VerifyingKey) -> impl Iterator<Item = VerifyingKey> {
    let on = |&backend| key.clone().with_backend(backend).unwrap();
    Backend::ALL.iter().map(on)
}

/// The same material bound to another algorithm of its type.
fn siblings(key: &SigningKey) -> Vec<Algorithm> {
    let name = key.verifying_key().algorithm().as_str();
    let is_rsa = |name: &str| name.starts_with(['R', 'P']);
    let same = |other: &&Algorithm| {
        other.as_str() != name
            && (is_rsa(name) && is_rsa(other.as_str())
                || name.starts_with('H') && other.as_str().starts_with('H'))
    };
    Algorithm::ALL.iter().filter(same).copied().collect()
}

#[test]
fn c04_a_key_is_good_for_no_algorithm_but_its_own() {
    let mut tried = 0;
    for &algorithm in Algorithm::ALL {
        let key = if HMAC.contains(&algorithm) {
            SigningKey::hmac(&[7; 64], algorithm).unwrap()
        } else {
            private(algorithm)
        };
        let own = sign(&key, b"message");
        for public in on_every_backend(key.verifying_key()) {
            assert!(public.verifies(b"message", &own), "{algorithm}");
            for other in siblings(&key) {
                let foreign = sign_as(other, &key, b"message");
                assert!(
                    !public.verifies(b"message", &foreign),
                    "{algorithm} {other}"
                );
                tried += 1;
            }
        }
    }
    assert_eq!(tried, (6 * 5 + 3 * 2) * Backend::ALL.len());
}

#[test]
fn c05_a_mac_by_any_public_form_of_a_key_is_no_signature_of_it() {
    for &algorithm in ASYMMETRIC {
        let key = private(algorithm);
        let public = key.verifying_key();
        let pem = public.to_pem().unwrap();
        let jwk = serde_json::to_string(&public.to_jwk()).unwrap();
        let der = public.to_der().unwrap();
        assert_eq!(der, der_of(&pem));
        let raw = &der[der.len() - 32..];
        let thumbprint = public.thumbprint();
        let text = thumbprint.to_string();
        let forms: [&[u8]; 8] = [
            pem.as_bytes(),
            pem.trim_end().as_bytes(),
            jwk.as_bytes(),
            &der,
            raw,
            text.as_bytes(),
            thumbprint.as_bytes(),
            b"",
        ];
        for secret in forms {
            for &hmac in HMAC {
                let forged = mac(hmac, secret, b"message");
                for public in on_every_backend(public) {
                    assert!(!public.verifies(b"message", &forged), "{algorithm} {hmac}");
                }
            }
        }
        // Nor is a public key read as a secret.
        for &hmac in HMAC {
            assert!(VerifyingKey::from_pem(&pem, hmac).is_err());
            assert!(VerifyingKey::from_der(&der, hmac).is_err());
        }
    }
}

/// 7: s + L is the same to whoever does not look (RFC 8032 §5.1.7).
#[test]
fn c07_a_signature_whose_s_is_not_below_the_order_is_refused() {
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde,
        0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let key = private(Algorithm::EdDsa);
    for message in 0..50_u8 {
        let signature = sign(&key, &[message]);
        let mut greater = signature.clone();
        let mut carry = 0;
        for (byte, order) in greater[32..].iter_mut().zip(ORDER) {
            let sum = u16::from(*byte) + u16::from(order) + carry;
            (*byte, carry) = (sum.to_le_bytes()[0], sum >> 8);
        }
        for public in on_every_backend(key.verifying_key()) {
            assert!(public.verifies(&[message], &signature));
            assert!(!public.verifies(&[message], &greater));
        }
    }
}
