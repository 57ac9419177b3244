//! ed25519-dalek, which verifies Ed25519 here and does nothing else.
//!
//! It accepts what ring and AWS-LC accept, no more and no less: S < L, and the
//! bytes of \[S\]B − \[k\]A are those of R, without the cofactor (RFC 8032 §5.1.7,
//! the equation that is "sufficient, but not required"). Its `verify_strict`
//! refuses signatures whose R is of small order, which the others take. Its
//! reader takes points in spellings that [`crate::key::ed25519`] has refused
//! before.

use ::ed25519_dalek::{Signature, Verifier, VerifyingKey};

use super::Verify;

/// Prepares a public key.
pub(super) fn verifier(point: &[u8; 32]) -> Box<dyn Verify> {
    Box::new(Ed25519(VerifyingKey::from_bytes(point).ok()))
}

/// `None` when no point has this y: ring and AWS-LC take such a key too, and
/// find that it has signed nothing.
struct Ed25519(Option<VerifyingKey>);

impl Verify for Ed25519 {
    fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        let (Some(key), Ok(signature)) = (&self.0, signature.try_into()) else {
            return false;
        };
        is_reduced(signature)
            && key
                .verify(message, &Signature::from_bytes(signature))
                .is_ok()
    }
}

/// Whether S < L. The library looks too, unless anybody in the whole program
/// asks for its feature `legacy_compatibility`: then each signature has a
/// second form, S + L.
fn is_reduced(signature: &[u8; 64]) -> bool {
    /// The order of the group, little-endian.
    const L: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde,
        0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let s = signature.iter().skip(32);
    s.rev().lt(L.iter().rev())
}
