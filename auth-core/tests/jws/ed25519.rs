//! Ed25519 where verifiers are known to differ: points of small order, points
//! with a component of small order, second spellings of points and of S. Every
//! backend must say what ring says, and what the equation without the cofactor
//! says (RFC 8032 §5.1.7).

use auth_core::key::{Algorithm, Backend, KeyError, VerifyingKey};
use curve25519_dalek::constants::EIGHT_TORSION;
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::Identity;
use proptest::prelude::*;
use ring::digest::{SHA512, digest};
use ring::signature::{ED25519, UnparsedPublicKey};
use serde_json::Value;

use crate::signatures::hex;

const SPECCHECK: &str = include_str!("../vectors/jws/ed25519-speccheck.json");
/// The order of the group, little-endian.
const L: &str = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";
/// The other spellings of the points of small order, with the points.
const SPELLINGS: [(&str, &str); 6] = [
    // y = 0, as p.
    (
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000000",
    ),
    (
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "0000000000000000000000000000000000000000000000000000000000000080",
    ),
    // y = 1, as −0 for its x, as p + 1, and both.
    (
        "0100000000000000000000000000000000000000000000000000000000000080",
        "0100000000000000000000000000000000000000000000000000000000000000",
    ),
    (
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0100000000000000000000000000000000000000000000000000000000000000",
    ),
    (
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "0100000000000000000000000000000000000000000000000000000000000000",
    ),
    // y = −1, as −0 for its x.
    (
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ),
];

fn load(point: &[u8]) -> Result<VerifyingKey, KeyError> {
    let spki = [&hex("302a300506032b6570032100")[..], point].concat();
    VerifyingKey::from_der(&spki, Algorithm::EdDsa)
}

/// What all backends say, and ring when it is asked directly.
fn verdict(point: &[u8], message: &[u8], signature: &[u8]) -> Result<bool, KeyError> {
    let key = load(point)?;
    let by_ring = UnparsedPublicKey::new(&ED25519, point).verify(message, signature);
    for &backend in Backend::ALL {
        let key = key.clone().with_backend(backend)?;
        let said = key.verifies(message, signature);
        assert_eq!(
            said,
            by_ring.is_ok(),
            "{backend:?} {point:x?} {signature:x?} {message:x?}"
        );
    }
    Ok(by_ring.is_ok())
}

fn bytes(point: EdwardsPoint) -> [u8; 32] {
    point.compress().to_bytes()
}

fn hash(parts: &[&[u8]]) -> Scalar {
    let hash: [u8; 64] = digest(&SHA512, &parts.concat())
        .as_ref()
        .try_into()
        .unwrap();
    Scalar::from_bytes_mod_order_wide(&hash)
}

/// S of a signature by the private scalar `a`, whatever points are shown for
/// it; and k.
fn solve(a: Scalar, r: Scalar, shown: [&[u8]; 2], message: &[u8]) -> ([u8; 32], Scalar) {
    let k = hash(&[shown[0], shown[1], message]);
    ((r + k * a).to_bytes(), k)
}

fn is_neutral(point: EdwardsPoint) -> bool {
    point == EdwardsPoint::identity()
}

/// S + n·L, as long as that has 32 bytes.
fn add_l(s: [u8; 32], times: usize) -> Option<[u8; 32]> {
    let mut sum = s;
    for _ in 0..times {
        let mut carry = 0;
        for (byte, order) in sum.iter_mut().zip(hex(L)) {
            let one = u16::from(*byte) + u16::from(order) + carry;
            *byte = one.to_le_bytes()[0];
            carry = one >> 8;
        }
        if carry > 0 {
            return None;
        }
    }
    Some(sum)
}

#[test]
fn c07_the_cases_of_taming_the_many_eddsas_are_what_they_are_for_ring() {
    let file: Value = serde_json::from_str(SPECCHECK).unwrap();
    let cases = file["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 12);
    for case in cases {
        let [message, key, signature] =
            ["message", "key", "signature"].map(|name| hex(case[name].as_str().unwrap()));
        let said = verdict(&key, &message, &signature);
        let wanted = if case["key_taken"] == true {
            Ok(case["good"].as_bool().unwrap())
        } else {
            Err(KeyError::Point)
        };
        assert_eq!(said, wanted, "{case}");
    }
}

/// A = aB + T and R = rB + U, for all T and U of small order; with r = 0 R is
/// of small order itself. S is right, so U + kT decides.
#[test]
fn c07_components_of_small_order_count_and_are_not_multiplied_away() {
    let a = hash(&[b"a private key"]);
    for (place, torsion) in EIGHT_TORSION.iter().enumerate() {
        let key = bytes(EdwardsPoint::mul_base(&a) + torsion);
        for other in EIGHT_TORSION {
            for r in [Scalar::ZERO, hash(&[b"a nonce"])] {
                let commitment = bytes(EdwardsPoint::mul_base(&r) + other);
                let (mut good, mut bad) = (0, 0);
                for message in 0..16_u8 {
                    let (s, k) = solve(a, r, [&commitment, &key], &[message]);
                    let wanted = is_neutral(other + k * torsion);
                    let said = verdict(&key, &[message], &[commitment, s].concat());
                    assert_eq!(said, Ok(wanted), "{place} {message}");
                    *(if wanted { &mut good } else { &mut bad }) += 1;
                    if wanted {
                        for times in 1..=15 {
                            let Some(s) = add_l(s, times) else {
                                continue;
                            };
                            let said = verdict(&key, &[message], &[commitment, s].concat());
                            assert_eq!(said, Ok(false), "S + {times} L");
                        }
                    }
                }
                if place == 0 {
                    // A has none: it is U alone.
                    assert!(good == 0 || bad == 0);
                }
            }
        }
    }
}

/// A signature that is good as far as points go, with R as it may not be
/// written; hashed as it stands there, and as it should.
#[test]
fn c07_a_second_spelling_of_r_is_refused() {
    let a = hash(&[b"a private key"]);
    let mut tried = 0;
    for torsion in EIGHT_TORSION {
        let key = bytes(EdwardsPoint::mul_base(&a) + torsion);
        for (spelling, canonical) in SPELLINGS {
            let [spelling, canonical] = [spelling, canonical].map(hex);
            let point: [u8; 32] = canonical.clone().try_into().unwrap();
            let point = CompressedEdwardsY(point).decompress().unwrap();
            for message in 0..32_u8 {
                for hashed in [&spelling, &canonical] {
                    let (s, k) = solve(a, Scalar::ZERO, [hashed, &key], &[message]);
                    if !is_neutral(point + k * torsion) {
                        continue;
                    }
                    tried += 1;
                    let said = verdict(&key, &[message], &[&spelling[..], &s].concat());
                    assert_eq!(said, Ok(false), "{spelling:x?}");
                    if hashed == &canonical {
                        let said = verdict(&key, &[message], &[&canonical[..], &s].concat());
                        assert_eq!(said, Ok(true), "{canonical:x?}");
                    }
                }
            }
        }
    }
    assert!(tried > 300, "{tried}");
}

/// Good for every message, or every eighth, without a private key.
#[test]
fn c07_no_spelling_of_a_key_of_small_order_is_taken() {
    let spellings = SPELLINGS.iter().flat_map(|both| [hex(both.0), hex(both.1)]);
    let points = EIGHT_TORSION.iter().map(|point| bytes(*point).to_vec());
    for key in spellings.chain(points) {
        for &backend in Backend::ALL {
            let read = load(&key).and_then(|key| key.with_backend(backend));
            assert_eq!(read.err(), Some(KeyError::Point), "{key:x?}");
        }
    }
}

/// Half of all y have no point. Such a key is a key to every backend, so that a
/// set of keys is the same on each, and it has signed nothing.
#[test]
fn a_key_that_is_no_point_verifies_nothing_on_any_backend() {
    let mut none = 0;
    for y in 2..=255_u8 {
        let mut key = [0; 32];
        key[0] = y;
        if CompressedEdwardsY(key).decompress().is_some() {
            continue;
        }
        none += 1;
        for r in [Scalar::ZERO, Scalar::ONE] {
            let commitment = bytes(EdwardsPoint::mul_base(&r));
            for s in [Scalar::ZERO, Scalar::ONE, hash(&[&key])] {
                let signature = [commitment, s.to_bytes()].concat();
                assert_eq!(verdict(&key, b"message", &signature), Ok(false), "{y}");
            }
        }
        assert_eq!(
            verdict(&key, b"message", &[key, [0; 32]].concat()),
            Ok(false)
        );
    }
    assert!(none > 100, "{none}");
}

/// Where a bit is changed, and what is signed.
#[derive(Clone, Copy, Debug)]
enum Place {
    Key,
    Signature,
    Message,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Keys and nonces with any component of small order, then any bits
    /// changed: the backends never differ, and what is accepted solves the
    /// equation.
    #[test]
    fn c07_the_backends_never_differ(
        [a, r] in any::<[[u8; 32]; 2]>(),
        [torsion, other] in [0..8_usize, 0..8],
        message in prop::collection::vec(any::<u8>(), 0..300),
        times in 0..3_usize,
        changes in prop::collection::vec(
            (
                prop_oneof![
                    Just(Place::Key),
                    Just(Place::Signature),
                    Just(Place::Signature),
                    Just(Place::Message),
                ],
                any::<prop::sample::Index>(),
                0..8_u8,
            ),
            0..3,
        ),
    ) {
        let [a, r] = [a, r].map(Scalar::from_bytes_mod_order);
        let mut key = bytes(EdwardsPoint::mul_base(&a) + EIGHT_TORSION[torsion]);
        let commitment = bytes(EdwardsPoint::mul_base(&r) + EIGHT_TORSION[other]);
        let (s, k) = solve(a, r, [&commitment, &key], &message);
        let solved = is_neutral(EIGHT_TORSION[other] + k * EIGHT_TORSION[torsion]);
        let s = add_l(s, times).unwrap_or(s);
        let mut signature = [commitment, s].concat();
        let mut message = message;
        let before = (key, signature.clone(), message.clone());
        for (place, at, bit) in changes {
            let bytes: &mut [u8] = match place {
                Place::Key => &mut key,
                Place::Signature => &mut signature,
                Place::Message => &mut message,
            };
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] ^= 1 << bit;
            }
        }
        let is_unchanged = (key, signature.clone(), message.clone()) == before;
        // A key of small order, or that became none, is told elsewhere.
        if let Ok(said) = verdict(&key, &message, &signature) {
            prop_assert_eq!(said, is_unchanged && solved && times == 0);
        }
    }
}
