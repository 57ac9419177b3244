//! What a key says of itself, and what it is drawn from.

use std::fmt::Debug;
use std::sync::atomic::{AtomicUsize, Ordering};

use auth_core::key::{
    Algorithm, Backend, KeyError, KeySet, KeySetError, RsaSize, SigningKey, Unavailable,
};
use auth_core::{EntropyError, SecureRandom, SystemRandom};
use base64::Engine;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};

use crate::support::{private, to_hex};

/// Any eight bytes in a row, in any form that a byte is printed in.
fn shows(shown: &str, secret: &[u8]) -> bool {
    let shown = shown.to_ascii_lowercase();
    let list = |format: fn(&u8) -> String, bytes: &[u8]| {
        bytes.iter().map(format).collect::<Vec<_>>().join(", ")
    };
    secret.windows(8).any(|bytes| {
        // Two bytes may share their first and last character with others.
        let base64 = |engine: &base64::engine::GeneralPurpose| {
            (0..3).any(|before| {
                let text = engine.encode([&vec![0; before][..], bytes].concat());
                shown.contains(&text[before * 2..text.len() - 1].to_ascii_lowercase())
            })
        };
        shown.contains(&to_hex(bytes))
            || shown.contains(&list(ToString::to_string, bytes))
            || shown.contains(&list(|byte| format!("{byte:#x}"), bytes))
            || base64(&BASE64_URL_SAFE_NO_PAD)
            || base64(&BASE64_STANDARD_NO_PAD)
    })
}

fn formats(value: &impl Debug) -> String {
    format!("{value:?} {value:#?} {value:x?} {value:X?}")
}

#[test]
fn what_looks_for_a_secret_finds_it() {
    let secret: Vec<u8> = (100..164).collect();
    for shown in [
        format!("{secret:?}"),
        format!("{secret:#x?}")
            .replace(['\n', ' '], "")
            .replace(',', ", "),
        to_hex(&secret),
        BASE64_URL_SAFE_NO_PAD.encode(&secret),
        BASE64_URL_SAFE_NO_PAD.encode(&secret[1..]),
        BASE64_URL_SAFE_NO_PAD.encode(&secret[2..]),
    ] {
        assert!(shows(&shown, &secret), "{shown}");
    }
    assert!(!shows("Secret(..)", &secret));
}

#[test]
fn c48_no_type_of_a_key_shows_a_secret() {
    for &algorithm in Algorithm::ALL {
        for &backend in Backend::ALL {
            let key = private(algorithm).with_backend(backend).unwrap();
            // Of PKCS#8 and of RSA's numbers the public part may be seen.
            let whole = key.expose().expose().clone();
            let secret = match whole.len() {
                48 => &whole[16..],
                138 => &whole[36..68],
                185 => &whole[38..86],
                1000.. => &whole[300..],
                _ => &whole[..],
            };
            let public = key.verifying_key();
            let set = KeySet::new([public.clone()]).unwrap();
            let jwks = set.to_jwks();
            let mut shown = formats(&key);
            for more in [
                formats(public),
                formats(&set),
                formats(&public.to_jwk()),
                formats(&jwks),
                serde_json::to_string(&jwks).unwrap(),
                formats(&key.expose()),
                formats(&key.to_pkcs8_der()),
                formats(&key.to_pkcs8_pem()),
                formats(&key.expose_jwk()),
                formats(&(algorithm, backend, RsaSize::default(), Unavailable)),
            ] {
                shown.push_str(&more);
            }
            assert!(!shows(&shown, secret), "{algorithm}: {shown}");
            assert!(shows(&format!("{secret:?}"), secret));
        }
    }
}

/// Errors are made of nothing but their kind: they have no room for a key.
#[test]
fn c48_no_error_of_a_key_has_room_for_a_secret() {
    assert_eq!(size_of::<KeyError>(), 1);
    assert_eq!(size_of::<KeySetError>(), 1);
    assert_eq!(size_of::<Unavailable>(), 0);
    assert_eq!(size_of::<EntropyError>(), 0);
}

/// Fails from the nth draw on.
#[derive(Debug)]
struct Failing(AtomicUsize);

impl SecureRandom for Failing {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), EntropyError> {
        let left = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1));
        left.map_err(|_| EntropyError)?;
        SystemRandom::new().fill(buffer)
    }
}

#[test]
fn c49_without_randomness_no_key_is_generated() {
    let failing = || Failing(AtomicUsize::new(0));
    assert_eq!(SigningKey::generate(&failing()).err(), Some(EntropyError));
    for &algorithm in Algorithm::ALL {
        let read = SigningKey::generate_for(algorithm, &failing());
        assert_eq!(read.err(), Some(KeyError::Entropy), "{algorithm}");
        for &backend in Backend::ALL {
            let read = SigningKey::generate_on(backend, algorithm, &failing());
            assert_eq!(
                read.err(),
                Some(KeyError::Entropy),
                "{algorithm} {backend:?}"
            );
            if algorithm.as_str().starts_with(['R', 'P']) {
                let size = RsaSize::Bits3072;
                let read = SigningKey::generate_rsa(backend, algorithm, size, &failing());
                assert_eq!(
                    read.err(),
                    Some(KeyError::Entropy),
                    "{algorithm} {backend:?}"
                );
                continue;
            }
            // One draw is what each takes.
            let once = Failing(AtomicUsize::new(1));
            let key = SigningKey::generate_on(backend, algorithm, &once);
            assert!(key.is_ok(), "{algorithm} {backend:?}");
        }
    }
}
