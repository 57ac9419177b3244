//! Whether a point may be a public key.

use ring::agreement::{Algorithm, EphemeralPrivateKey, UnparsedPublicKey, agree_ephemeral};
use ring::rand::SystemRandom;

/// Whether `point` is on the curve (RFC 7518 §6.2.1). ECDSA keys are only read
/// when they verify; key agreement reads its peer's point first, and refuses
/// it by the same rules.
pub(in crate::key) fn is_on_curve(curve: &'static Algorithm, point: &[u8]) -> bool {
    EphemeralPrivateKey::generate(curve, &SystemRandom::new())
        .and_then(|own| agree_ephemeral(own, &UnparsedPublicKey::new(curve, point), |_| ()))
        .is_ok()
}
