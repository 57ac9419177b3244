//! Ed25519 keys and signatures: every backend and the oracle must agree.

use auth_core::key::{Algorithm, Backend, VerifyingKey};
use curve25519_dalek::constants::EIGHT_TORSION;
use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::scalar::Scalar;

use crate::oracle::ed25519 as oracle;

/// `id-Ed25519` and the head of a key (RFC 8410 §4).
const SPKI: &[u8; 12] = b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00";

/// Any bytes as key, signature and message: as they are when the first byte is
/// odd, else as what is changed in a good signature.
pub fn ed25519(data: &[u8]) {
    let Some((&[how, places, multiple], rest)) = data.split_first_chunk() else {
        return;
    };
    let mut rest = rest.iter().copied();
    let mut key: [u8; 32] = std::array::from_fn(|_| rest.next().unwrap_or_default());
    let mut signature: [u8; 64] = std::array::from_fn(|_| rest.next().unwrap_or_default());
    let message: Vec<u8> = rest.collect();
    if how % 2 == 0 {
        let (good_key, good) = sign(places, &message, how & 2 == 0);
        change(&mut key, &good_key);
        change(&mut signature, &good);
        add_l(&mut signature, multiple % 16);
    }
    judge(&key, &message, &signature);
    judge(&key, &message, &signature[..usize::from(multiple) % 65]);
}

fn judge(key: &[u8; 32], message: &[u8], signature: &[u8]) {
    let loaded = VerifyingKey::from_der(&[&SPKI[..], key].concat(), Algorithm::EdDsa);
    assert_eq!(loaded.is_ok(), oracle::is_key(key), "{loaded:?}");
    let Ok(loaded) = loaded else {
        return;
    };
    let expected = oracle::verifies(key, message, signature);
    for backend in Backend::ALL {
        let key = loaded.clone().with_backend(*backend);
        let key = key.expect("one backend takes what another refuses");
        assert_eq!(key.verifies(message, signature), expected, "{backend:?}");
    }
}

/// A key and a signature whose points have components of small order, which
/// `places` names. They may not cancel out: then it is not good. Without a
/// nonce R is of small order itself.
fn sign(places: u8, message: &[u8], has_nonce: bool) -> ([u8; 32], [u8; 64]) {
    let [torsion, other] = [places & 7, places >> 3 & 7].map(|at| EIGHT_TORSION[usize::from(at)]);
    let a = oracle::k(b"a", b"private", b"key");
    let nonce = if has_nonce {
        oracle::k(b"a", b"nonce", message)
    } else {
        Scalar::ZERO
    };
    let key = (EdwardsPoint::mul_base(&a) + torsion).compress().to_bytes();
    let r = (EdwardsPoint::mul_base(&nonce) + other).compress();
    let s = nonce + oracle::k(r.as_bytes(), &key, message) * a;
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(r.as_bytes());
    signature[32..].copy_from_slice(s.as_bytes());
    (key, signature)
}

fn change(bytes: &mut [u8], by: &[u8]) {
    for (byte, by) in bytes.iter_mut().zip(by) {
        *byte ^= by;
    }
}

/// S + n·L, modulo 2²⁵⁶: the same signature to whoever does not look.
fn add_l(signature: &mut [u8; 64], times: u8) {
    let minus_one = (-Scalar::ONE).to_bytes();
    for _ in 0..times {
        // L − 1, and the 1.
        let mut carry = 1;
        for (byte, order) in signature[32..].iter_mut().zip(minus_one) {
            let sum = u16::from(*byte) + u16::from(order) + carry;
            *byte = sum.to_le_bytes()[0];
            carry = sum >> 8;
        }
    }
}
