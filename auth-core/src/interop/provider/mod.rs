//! ring below `jsonwebtoken`.

mod public_parts;
mod sign;
mod verify;

use jsonwebtoken::AlgorithmFamily;
use jsonwebtoken::crypto::{CryptoProvider, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind, new_error};

use crate::key::KeyError;

/// A provider that users of `jsonwebtoken` install, to have its cryptography
/// done by ring: every algorithm that it has, and JWKs with their thumbprints.
///
/// It is installed once in a process, before the first token:
///
/// ```
/// use auth_core::interop::RING_PROVIDER;
/// use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
/// use jsonwebtoken::get_current_timestamp;
/// use serde_json::{Value, json};
///
/// RING_PROVIDER.install_default().map_err(|_| "somebody else's is installed")?;
///
/// let secret = [7; 32]; // 31 bytes would be refused
/// let claims = json!({ "sub": "42", "exp": get_current_timestamp() + 60 });
/// let token = encode(&Header::default(), &claims, &EncodingKey::from_secret(&secret))?;
/// let validation = Validation::new(Algorithm::HS256);
/// let token = decode::<Value>(&token, &DecodingKey::from_secret(&secret), &validation)?;
/// assert_eq!(token.claims["sub"], "42");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # What it refuses that others take
/// Keys, before anything is signed or verified with them, as our own keys are:
/// - HMAC secrets shorter than their hash, empty ones among them
///   (RFC 7518 §3.2)
/// - RSA keys below 2048 bits (RFC 7518 §3.3), above 8192 (private ones above
///   4096, as far as ring goes), with an even modulus, or with an exponent
///   that is even or below 3
/// - Ed25519 keys that are points of small order, under which signatures are
///   made without a private key, or that are not canonical
/// - ECDSA points of the wrong length or that are compressed; one that is not
///   on its curve verifies nothing
/// - ECDSA private keys without their public key, or with another's
///
/// What is no key, or one of another family, is an error and not a panic. What
/// it does not change is how `jsonwebtoken` reads tokens: see
/// [the module](super).
///
/// # Cost
/// `jsonwebtoken` asks for a prepared key each time it signs or verifies a
/// token, so keys are checked each time. A
/// [`Verifier`](crate::verifier::Verifier) prepares its keys once.
pub static RING_PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |algorithm, key| sign::signer(*algorithm, key),
    verifier_factory: |algorithm, key| verify::verifier(*algorithm, key),
    key_utils: KeyUtils {
        rsa_pub_components_from_private_key: public_parts::of_rsa_private,
        rsa_pub_components_from_public_key: public_parts::of_rsa_public,
        ec_pub_components_from_private_key: public_parts::of_ec_private,
        ed_pub_components_from_private_key: public_parts::of_ed_private,
        compute_digest: |data, hash| public_parts::digest(data, &hash),
    },
};

/// Why a key is refused, in `jsonwebtoken`'s words where it has some.
fn refused(family: AlgorithmFamily, reason: KeyError) -> Error {
    new_error(match (reason, family) {
        (KeyError::WrongType, _) => ErrorKind::InvalidKeyFormat,
        (_, AlgorithmFamily::Rsa) => ErrorKind::InvalidRsaKey(reason.to_string()),
        (_, AlgorithmFamily::Ec) => ErrorKind::InvalidEcdsaKey,
        (_, AlgorithmFamily::Ed) => ErrorKind::InvalidEddsaKey,
        (_, AlgorithmFamily::Hmac) => ErrorKind::Provider(reason.to_string()),
    })
}
