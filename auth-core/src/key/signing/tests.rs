use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::key::RsaSize;
use crate::key::algorithm::Family;
use crate::random::SystemRandom;

const RSA_2048: &str = include_str!("../../../tests/vectors/jws/rsa-2048.private.pem");

/// A new key; an RSA key is always the same.
fn key(algorithm: Algorithm) -> SigningKey {
    if algorithm.as_str().starts_with(['R', 'P']) {
        SigningKey::from_pem(RSA_2048, algorithm).unwrap()
    } else {
        SigningKey::generate_for(algorithm, &SystemRandom::new()).unwrap()
    }
}

/// Whether it is ring that signs.
fn is_on_ring(backend: Backend) -> bool {
    format!("{backend:?}").starts_with("Ring")
}

fn signature(key: &SigningKey, message: &[u8]) -> Vec<u8> {
    key.sign(message, <[u8]>::to_vec).unwrap()
}

#[test]
fn every_generated_key_signs_for_itself_on_every_backend() {
    for &algorithm in Algorithm::ALL {
        for &signer in Backend::ALL {
            let Ok(key) = SigningKey::generate_on(signer, algorithm, &SystemRandom::new()) else {
                assert!(is_on_ring(signer), "{signer:?}");
                assert_eq!(algorithm.family(), Family::Rsa);
                continue;
            };
            assert_eq!(key.verifying_key().backend(), signer);
            let signature = signature(&key, b"x");
            for &verifier in Backend::ALL {
                let public = key.verifying_key().clone().with_backend(verifier).unwrap();
                assert!(
                    public.verifies(b"x", &signature),
                    "{algorithm} {signer:?} {verifier:?}"
                );
                assert!(
                    !public.verifies(b"y", &signature),
                    "{algorithm} {signer:?} {verifier:?}"
                );
            }
        }
    }
}

#[test]
fn ring_generates_no_rsa_key_and_says_so() {
    let random = SystemRandom::new();
    for &algorithm in Algorithm::ALL {
        let is_rsa = algorithm.as_str().starts_with(['R', 'P']);
        let wanted = if is_rsa {
            KeyError::Backend
        } else {
            KeyError::WrongType
        };
        for &backend in Backend::ALL.iter().filter(|it| is_on_ring(**it)) {
            let read = SigningKey::generate_rsa(backend, algorithm, RsaSize::Bits2048, &random);
            assert_eq!(read.err(), Some(wanted), "{algorithm} {backend:?}");
        }
        if is_rsa {
            let read = SigningKey::generate_for(algorithm, &random);
            assert_eq!(read.err(), Some(KeyError::Backend), "{algorithm}");
        }
    }
}

#[cfg(feature = "aws-lc-rs")]
#[test]
fn an_rsa_key_is_as_long_as_was_asked_and_signs_on_every_backend() {
    let random = SystemRandom::new();
    for (size, bytes) in [
        (RsaSize::Bits2048, 256),
        (RsaSize::Bits3072, 384),
        (RsaSize::Bits4096, 512),
    ] {
        let new = SigningKey::generate_rsa(Backend::AwsLcRs, Algorithm::Ps256, size, &random);
        let mut key = new.unwrap();
        for &backend in Backend::ALL {
            key = key.with_backend(backend).unwrap();
            let signature = signature(&key, b"x");
            assert_eq!(signature.len(), bytes);
            assert!(key.verifying_key().verifies(b"x", &signature));
        }
        let again = SigningKey::from_jwk(key.expose_jwk().unwrap().expose()).unwrap();
        assert_eq!(again.expose(), key.expose());
    }
}

#[test]
fn a_new_secret_is_as_long_as_its_hash() {
    for (algorithm, len) in [
        (Algorithm::Hs256, 32),
        (Algorithm::Hs384, 48),
        (Algorithm::Hs512, 64),
    ] {
        let [one, other] = [key(algorithm), key(algorithm)];
        assert_eq!(one.expose().expose().len(), len);
        assert_ne!(one.expose(), other.expose());
    }
}

#[test]
fn what_is_no_key_of_the_algorithm_is_refused() {
    let start: &[u8] = &[
        0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20,
    ];
    for &algorithm in Algorithm::ALL {
        for bad in [&b""[..], b"x", start, &[0; 31]] {
            let read = SigningKey::from_pkcs8(bad, algorithm);
            assert_eq!(read.err(), Some(KeyError::Malformed), "{algorithm}");
            let read = VerifyingKey::from_der(bad, algorithm);
            assert_eq!(read.err(), Some(KeyError::Malformed), "{algorithm}");
        }
    }
    for &mine in Algorithm::ALL {
        let Some(der) = key(mine).to_pkcs8_der() else {
            continue;
        };
        for &other in Algorithm::ALL {
            let read = SigningKey::from_pkcs8(der.expose(), other).err();
            let wanted = (mine.family() != other.family()).then_some(KeyError::WrongType);
            assert_eq!(read, wanted, "{mine} {other}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// A key is the same in every form that it can be written in, and what it
    /// signs on one backend is good on the other.
    #[test]
    fn a_key_survives_every_form(
        algorithm in select(Algorithm::ALL),
        [signer, verifier] in [select(Backend::ALL), select(Backend::ALL)],
        kid in ".{0,60}",
        message: Vec<u8>,
    ) {
        let key = key(algorithm).with_kid(&kid).unwrap().with_backend(signer).unwrap();
        let public = key.verifying_key();
        let mut privates = vec![SigningKey::from_jwk(key.expose_jwk().unwrap().expose()).unwrap()];
        prop_assert_eq!(privates[0].verifying_key().kid(), &kid);
        let mut publics = vec![public.clone()];
        if public.is_secret() {
            let jwk = key.expose_jwk().unwrap();
            publics.push(VerifyingKey::from_jwk(jwk.expose()).unwrap());
            prop_assert!(key.to_pkcs8_der().is_none() && key.to_pkcs8_pem().is_none());
            prop_assert!(public.to_der().is_none() && public.to_pem().is_none());
            prop_assert!(public.to_jwk().is_none());
        } else {
            let (der, pem) = (key.to_pkcs8_der().unwrap(), key.to_pkcs8_pem().unwrap());
            privates.push(SigningKey::from_pkcs8(der.expose(), algorithm).unwrap());
            privates.push(SigningKey::from_pem(pem.expose(), algorithm).unwrap());
            publics.push(VerifyingKey::from_der(&public.to_der().unwrap(), algorithm).unwrap());
            publics.push(VerifyingKey::from_pem(&public.to_pem().unwrap(), algorithm).unwrap());
            let jwk = serde_json::to_string(&public.to_jwk()).unwrap();
            publics.push(VerifyingKey::from_jwk(&jwk).unwrap());
        }
        for again in privates {
            prop_assert_eq!(again.expose(), key.expose());
            let again = again.with_backend(signer).unwrap();
            let signature = signature(&again, &message);
            for public in &publics {
                prop_assert_eq!(public.thumbprint(), key.verifying_key().thumbprint());
                let public = public.clone().with_backend(verifier).unwrap();
                prop_assert!(public.verifies(&message, &signature));
                prop_assert!(!public.verifies(&[&message[..], &[0]].concat(), &signature));
            }
        }
    }
}
