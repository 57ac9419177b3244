//! Ed25519 without a library's verifier: the points are added up in the order
//! of RFC 8032 §5.1.7.

use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use ring::digest::{SHA512, digest};

/// Whether a loader takes these bytes as a key: the only spelling of a point
/// that is not of small order. Those of no point are taken, and verify nothing.
pub fn is_key(key: &[u8; 32]) -> bool {
    let mut unsigned = *key;
    unsigned[31] &= 0x7f;
    if let Some(point) = CompressedEdwardsY(unsigned).decompress() {
        return !point.is_small_order() && point.compress().to_bytes() == unsigned;
    }
    // Of no point; nor is p + y.
    let p = [&[0xed][..], &[0xff; 30], &[0x7f]].concat();
    unsigned.iter().rev().lt(p.iter().rev())
}

/// H(R ‖ A ‖ M), as a number modulo the order of the group.
pub fn k(r: &[u8], a: &[u8], message: &[u8]) -> Scalar {
    let hash = digest(&SHA512, &[r, a, message].concat());
    let hash = hash.as_ref().try_into().expect("SHA-512 has 64 bytes");
    Scalar::from_bytes_mod_order_wide(&hash)
}

/// Whether S < L and R is the canonical spelling of \[S\]B − \[k\]A.
pub fn verifies(key: &[u8; 32], message: &[u8], signature: &[u8]) -> bool {
    let Some((r, s)) = signature.split_at_checked(32) else {
        return false;
    };
    let Ok(s) = <[u8; 32]>::try_from(s) else {
        return false;
    };
    let Some(s) = Option::<Scalar>::from(Scalar::from_canonical_bytes(s)) else {
        return false;
    };
    let Some(a) = CompressedEdwardsY(*key).decompress() else {
        return false;
    };
    let expected = EdwardsPoint::mul_base(&s) - a * k(r, key, message);
    expected.compress().to_bytes()[..] == *r
}
