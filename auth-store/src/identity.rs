//! What tells one store from all others.

use std::hash::{BuildHasher, RandomState};

use uuid::Uuid;

/// An identity that no other store has. It is no secret, and the hasher's
/// seeds, unlike a generator, cannot fail.
pub(crate) fn draw() -> Uuid {
    let bits = || RandomState::new().hash_one(0_u8).to_be_bytes();
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&bits());
    bytes[8..].copy_from_slice(&bits());
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}
