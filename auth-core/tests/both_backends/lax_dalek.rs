//! `ed25519-dalek` with its feature `legacy_compatibility`, which any crate of a
//! program turns on for all of them: the library no longer holds S against the
//! order of the group, and each signature has a second form.

use auth_core::key::{Algorithm, Backend, VerifyingKey};
use ed25519_dalek::{Signature, Verifier};

/// RFC 8032 §7.1, test 1, of no message.
const KEY: &str = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
const SIGNATURE: &str = "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b";
/// The order of the group, little-endian.
const L: &str = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";

fn hex<const N: usize>(text: &str) -> [u8; N] {
    std::array::from_fn(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap())
}

#[test]
fn c07_s_is_below_the_order_of_the_group_whatever_the_library_was_told() {
    let (key, good) = (hex::<32>(KEY), hex::<64>(SIGNATURE));
    let mut second = good;
    let mut carry = 0;
    for (byte, order) in second[32..].iter_mut().zip(hex::<32>(L)) {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        *byte = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
    let theirs = ed25519_dalek::VerifyingKey::from_bytes(&key).unwrap();
    let by_them = |signature| theirs.verify(b"", &Signature::from_bytes(signature)).is_ok();
    assert!(by_them(&good) && by_them(&second), "it is not lax");
    let spki = [&hex::<12>("302a300506032b6570032100")[..], &key].concat();
    let ours = VerifyingKey::from_der(&spki, Algorithm::EdDsa).unwrap();
    for &backend in Backend::ALL {
        let ours = ours.clone().with_backend(backend).unwrap();
        assert!(ours.verifies(b"", &good), "{backend:?}");
        assert!(!ours.verifies(b"", &second), "{backend:?}");
    }
}
