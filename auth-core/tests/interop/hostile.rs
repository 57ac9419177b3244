//! Keys that are none, or must not be used: an error each time, from the
//! provider and from the conversions alike, and never a panic.

use auth_core::interop::{
    KeySigner, RING_PROVIDER, decoding_key, encoding_key, key_set, signing_key, verifying_key,
    verifying_key_of_jwk,
};
use auth_core::key::{Algorithm, KeyError, KeySetError};
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::jwk::{
    AlgorithmParameters, CommonParameters, EllipticCurve, Jwk, JwkSet, OctetKeyParameters,
    OctetKeyType, OtherKeyParameters,
};
use jsonwebtoken::signature::Signer;
use jsonwebtoken::{AlgorithmFamily, DecodingKey, EncodingKey};
use proptest::prelude::*;
use serde_json::json;

use crate::forms::pem_der;
use crate::ours::{is_good, is_hmac, key};

const RSA_1024_PRIVATE: &str = include_str!("../vectors/jws/rsa-1024.private.pem");
const RSA_1024_PUBLIC: &str = include_str!("../vectors/jws/rsa-1024.public.pem");
const RSA_2047_PUBLIC: &str = include_str!("../vectors/jws/rsa-2047.public.pem");

/// From bytes that may be anything, in all the ways there are.
fn encoding_keys(bytes: &[u8]) -> [EncodingKey; 4] {
    [
        EncodingKey::from_secret(bytes),
        EncodingKey::from_rsa_der(bytes),
        EncodingKey::from_ec_der(bytes),
        EncodingKey::from_ed_der(bytes),
    ]
}

fn decoding_keys(bytes: &[u8]) -> [DecodingKey; 6] {
    [
        DecodingKey::from_secret(bytes),
        DecodingKey::from_rsa_der(bytes),
        DecodingKey::from_ec_der(bytes),
        DecodingKey::from_ed_der(bytes),
        DecodingKey::from_rsa_raw_components(bytes, &[1, 0, 1]),
        DecodingKey::from_rsa_raw_components(bytes, bytes),
    ]
}

/// Whether anything can be signed with it by the provider, which takes the
/// word of ring: it is made for each token, and ring finds out about some
/// damaged RSA keys when it signs. A key of ours is checked once and for more,
/// so it may refuse what the provider signs with, never the other way.
fn signs(key: &EncodingKey, algorithm: Algorithm) -> bool {
    let signer = (RING_PROVIDER.signer_factory)(&algorithm.into(), key);
    let signs = signer.is_ok_and(|signer| signer.try_sign(b"message").is_ok());
    let ours = signing_key(key, algorithm).map(KeySigner::from);
    let ours = ours.is_ok_and(|signer| signer.try_sign(b"message").is_ok());
    assert!(signs || !ours, "{algorithm}");
    signs
}

fn verifier_error(key: &DecodingKey, algorithm: Algorithm) -> Option<ErrorKind> {
    let verifier = (RING_PROVIDER.verifier_factory)(&algorithm.into(), key);
    verifier.err().map(Error::into_kind)
}

fn signer_error(key: &EncodingKey, algorithm: Algorithm) -> Option<ErrorKind> {
    let signer = (RING_PROVIDER.signer_factory)(&algorithm.into(), key);
    signer.err().map(Error::into_kind)
}

/// Nothing signs or verifies with these bytes but an HMAC.
fn nothing_comes_of(bytes: &[u8]) {
    let long_enough = |algorithm: Algorithm| match algorithm {
        Algorithm::Hs256 => bytes.len() >= 32,
        Algorithm::Hs384 => bytes.len() >= 48,
        _ => bytes.len() >= 64,
    };
    for &algorithm in Algorithm::ALL {
        for key in encoding_keys(bytes) {
            let is_mac = is_hmac(algorithm) && key.family() == AlgorithmFamily::Hmac;
            assert_eq!(signs(&key, algorithm), is_mac && long_enough(algorithm));
        }
        for key in decoding_keys(bytes) {
            // Some bytes are a key's; none of them has signed this.
            let verifier = (RING_PROVIDER.verifier_factory)(&algorithm.into(), &key);
            let signatures: [&[u8]; 4] = [b"", &[0; 64], &[0; 96], &[0; 256]];
            for signature in signatures {
                let good = verifier
                    .as_ref()
                    .is_ok_and(|verifier| is_good(&**verifier, b"message", signature));
                assert!(!good, "{algorithm}");
            }
            let _ = verifying_key(&key, algorithm);
        }
    }
    let utils = &RING_PROVIDER.key_utils;
    assert!((utils.rsa_pub_components_from_private_key)(bytes).is_err());
    assert!((utils.rsa_pub_components_from_public_key)(bytes).is_err());
    for &algorithm in Algorithm::ALL {
        assert!((utils.ec_pub_components_from_private_key)(bytes, algorithm.into()).is_err());
    }
    for curve in [
        EllipticCurve::Ed25519,
        EllipticCurve::P256,
        EllipticCurve::P521,
    ] {
        assert!((utils.ed_pub_components_from_private_key)(bytes, &curve).is_err());
    }
}

#[test]
fn nothing_comes_of_bytes_that_are_no_key() {
    for len in [
        0, 1, 16, 31, 32, 33, 47, 48, 64, 65, 97, 255, 256, 257, 1024, 1025, 4096,
    ] {
        for byte in [0, 1, 4, 0x30, 0x7f, 0x80, 0xff] {
            nothing_comes_of(&vec![byte; len]);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn nothing_comes_of_random_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        nothing_comes_of(&bytes);
    }

    #[test]
    fn a_damaged_key_is_refused_or_works_and_never_panics(
        at in any::<prop::sample::Index>(),
        bit in 0..8_u8,
        cut in any::<prop::sample::Index>(),
    ) {
        for algorithm in [Algorithm::EdDsa, Algorithm::Es256, Algorithm::Es384, Algorithm::Ps256] {
            let key = key(algorithm);
            let bytes = encoding_key(&key).unwrap().as_bytes().to_vec();
            let mut flipped = bytes.clone();
            flipped[at.index(bytes.len())] ^= 1 << bit;
            for damaged in [&flipped[..], &bytes[..cut.index(bytes.len())]] {
                for key in encoding_keys(damaged) {
                    if key.family() != AlgorithmFamily::Hmac {
                        signs(&key, algorithm);
                    }
                }
            }
        }
    }
}

#[test]
fn a_key_of_another_family_is_refused_for_every_algorithm() {
    for &algorithm in Algorithm::ALL {
        let key = key(algorithm);
        let theirs = (
            encoding_key(&key).unwrap(),
            decoding_key(key.verifying_key()).unwrap(),
        );
        for &other in Algorithm::ALL {
            let family = |algorithm| jsonwebtoken::Algorithm::from(algorithm).family();
            if family(other) == family(algorithm) {
                continue;
            }
            let invalid = Some(ErrorKind::InvalidKeyFormat);
            assert_eq!(signer_error(&theirs.0, other), invalid);
            assert_eq!(verifier_error(&theirs.1, other), invalid);
            assert_eq!(
                signing_key(&theirs.0, other).err(),
                Some(KeyError::WrongType)
            );
            assert_eq!(
                verifying_key(&theirs.1, other).err(),
                Some(KeyError::WrongType)
            );
        }
    }
}

#[test]
fn c42_a_key_of_the_other_curve_is_refused() {
    for (algorithm, other) in [
        (Algorithm::Es256, Algorithm::Es384),
        (Algorithm::Es384, Algorithm::Es256),
    ] {
        let key = key(algorithm);
        let public = decoding_key(key.verifying_key()).unwrap();
        assert!(!signs(&encoding_key(&key).unwrap(), other));
        assert!(verifier_error(&public, other).is_some());
        assert!(verifying_key(&public, other).is_err());
        let private = encoding_key(&key).unwrap();
        let components = RING_PROVIDER.key_utils.ec_pub_components_from_private_key;
        assert!(components(private.as_bytes(), algorithm.into()).is_ok());
        assert!(components(private.as_bytes(), other.into()).is_err());
    }
}

#[test]
fn c42_a_point_off_its_curve_verifies_nothing() {
    for (algorithm, len) in [(Algorithm::Es256, 65), (Algorithm::Es384, 97)] {
        let key = key(algorithm);
        let signer =
            (RING_PROVIDER.signer_factory)(&algorithm.into(), &encoding_key(&key).unwrap());
        let signature = signer.unwrap().try_sign(b"message").unwrap();
        let public = decoding_key(key.verifying_key()).unwrap();
        let mut point = public.try_get_as_bytes().unwrap().to_vec();
        assert_eq!(point.len(), len);
        let verifies = |point: &[u8]| {
            let key = DecodingKey::from_ec_der(point);
            let verifier = (RING_PROVIDER.verifier_factory)(&algorithm.into(), &key);
            verifier.is_ok_and(|verifier| is_good(&*verifier, b"message", &signature))
        };
        assert!(verifies(&point));
        point[len - 1] ^= 1;
        assert!(!verifies(&point));
        let off_curve = DecodingKey::from_ec_der(&point);
        assert_eq!(
            verifying_key(&off_curve, algorithm).err(),
            Some(KeyError::Point)
        );
        point[len - 1] ^= 1;
        // Compressed (SEC 1 §2.3.3), and hybrid.
        let compressed = [&[2 | point[len - 1] & 1], &point[1..=len / 2]].concat();
        assert!(!verifies(&compressed));
        point[0] = 6 | point[len - 1] & 1;
        assert!(!verifies(&point));
    }
}

#[test]
fn c41_an_hmac_key_shorter_than_its_hash_is_refused() {
    for (algorithm, least) in [
        (Algorithm::Hs256, 32),
        (Algorithm::Hs384, 48),
        (Algorithm::Hs512, 64),
    ] {
        for len in [0, 1, least - 1] {
            let secret = vec![7; len];
            let short = ErrorKind::Provider(KeyError::HmacTooShort.to_string());
            let key = EncodingKey::from_secret(&secret);
            assert_eq!(signer_error(&key, algorithm), Some(short.clone()));
            let key = DecodingKey::from_secret(&secret);
            assert_eq!(verifier_error(&key, algorithm), Some(short));
        }
        let enough = vec![7; least];
        assert!(signs(&EncodingKey::from_secret(&enough), algorithm));
        assert_eq!(
            verifier_error(&DecodingKey::from_secret(&enough), algorithm),
            None
        );
    }
}

#[test]
fn c40_a_small_rsa_key_is_refused() {
    let private = pkcs8::PrivateKeyInfoRef::try_from(&pem_der(RSA_1024_PRIVATE)[..])
        .unwrap()
        .private_key
        .as_bytes()
        .to_vec();
    for algorithm in [Algorithm::Rs256, Algorithm::Ps512] {
        assert!(!signs(&EncodingKey::from_rsa_der(&private), algorithm));
        for public in [RSA_1024_PUBLIC, RSA_2047_PUBLIC] {
            let spki = pem_der(public);
            let pkcs1 = spki::SubjectPublicKeyInfoRef::try_from(&spki[..]).unwrap();
            let pkcs1 = pkcs1.subject_public_key.as_bytes().unwrap();
            let key = DecodingKey::from_rsa_der(pkcs1);
            assert_eq!(
                verifying_key(&key, algorithm).err(),
                Some(KeyError::RsaSize)
            );
            let reason = ErrorKind::InvalidRsaKey(KeyError::RsaSize.to_string());
            assert_eq!(verifier_error(&key, algorithm), Some(reason.clone()));
            let components = RING_PROVIDER.key_utils.rsa_pub_components_from_public_key;
            assert_eq!(components(pkcs1).err().map(Error::into_kind), Some(reason));
        }
    }
}

#[test]
fn c40_an_rsa_key_with_a_bad_exponent_or_modulus_is_refused() {
    let odd = [0xff; 256];
    let mut even = odd;
    even[255] = 0xfe;
    let reason = ErrorKind::InvalidRsaKey(KeyError::RsaExponent.to_string());
    let cases: [(&[u8], &[u8]); 6] = [
        (&odd, &[]),
        (&odd, &[0]),
        (&odd, &[1]),
        (&odd, &[2]),
        (&odd, &[0xff; 9]),
        (&even, &[1, 0, 1]),
    ];
    for (n, e) in cases {
        let key = DecodingKey::from_rsa_raw_components(n, e);
        for algorithm in [Algorithm::Rs256, Algorithm::Rs512, Algorithm::Ps384] {
            assert_eq!(
                verifier_error(&key, algorithm),
                Some(reason.clone()),
                "{e:?}"
            );
        }
    }
    let good = DecodingKey::from_rsa_raw_components(&odd, &[1, 0, 1]);
    assert_eq!(verifier_error(&good, Algorithm::Rs256), None);
}

#[test]
fn c07_an_ed25519_point_of_small_order_is_refused() {
    let mut one = [0; 32];
    one[0] = 1;
    for point in [[0; 32], one, [0xff; 32]] {
        let key = DecodingKey::from_ed_der(&point);
        let refused = Some(ErrorKind::InvalidEddsaKey);
        assert_eq!(verifier_error(&key, Algorithm::EdDsa), refused);
    }
}

#[test]
fn c45_a_set_that_shows_a_secret_is_refused() {
    let secret = Jwk {
        common: CommonParameters::default(),
        algorithm: AlgorithmParameters::OctetKey(OctetKeyParameters {
            key_type: OctetKeyType::Octet,
            value: "AAAA".into(),
        }),
    };
    let set = JwkSet { keys: vec![secret] };
    assert_eq!(key_set(&set).err(), Some(KeySetError::Private));
}

#[test]
fn c44_keys_of_unknown_types_are_skipped_and_do_not_smuggle() {
    let good = auth_core::interop::jwk(key(Algorithm::EdDsa).verifying_key()).unwrap();
    let other = |fields: serde_json::Value| Jwk {
        common: CommonParameters::default(),
        algorithm: AlgorithmParameters::Other(OtherKeyParameters {
            fields: serde_json::from_value(fields).unwrap(),
        }),
    };
    let set = JwkSet {
        keys: vec![other(json!({ "kty": "AKP", "pub": "AAAA" })), good.clone()],
    };
    let (keys, skipped) = key_set(&set).unwrap();
    assert_eq!(keys.iter().count(), 1);
    assert_eq!(skipped, [(0, KeyError::Unsupported)]);
    let set = JwkSet {
        keys: vec![good.clone(), good],
    };
    assert_eq!(key_set(&set).err(), Some(KeySetError::DuplicateKeyId));
    // Two of one name: what `jsonwebtoken` was told, and what stands among the others.
    let mut twice = other(json!({ "kty": "OKP", "crv": "Ed25519", "x": "AAAA", "alg": "EdDSA" }));
    twice.common.key_algorithm = Some(jsonwebtoken::jwk::KeyAlgorithm::RS256);
    assert_eq!(
        verifying_key_of_jwk(&twice).err(),
        Some(KeyError::Malformed)
    );
}
