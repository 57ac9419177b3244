//! What DER calls the types of keys.

use spki::der::asn1::{AnyRef, Null};
use spki::{AlgorithmIdentifier, AlgorithmIdentifierRef, ObjectIdentifier};

use super::algorithm::Family;
use super::error::KeyError;

/// RFC 8410 §3.
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
/// RFC 5480 §2.1.1.
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
/// RFC 8017 §A.1.
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

/// The type that an `AlgorithmIdentifier` names, its parameters to the letter:
/// none for Ed25519 (RFC 8410 §3), a named curve for ECDSA (RFC 5480 §2.1.1),
/// NULL for RSA (RFC 3279 §2.3.1).
///
/// `id-RSASSA-PSS` (RFC 4055 §1.2) is not supported: a key says by which JWS
/// algorithm it is used, and the other types of document have no say in it.
pub(super) fn family(algorithm: AlgorithmIdentifierRef<'_>) -> Result<Family, KeyError> {
    let parameters = algorithm.parameters;
    match algorithm.oid {
        ED25519 if parameters.is_none() => Ok(Family::Ed25519),
        RSA if parameters.is_some_and(AnyRef::is_null) => Ok(Family::Rsa),
        ED25519 | RSA => Err(KeyError::Malformed),
        EC => match algorithm.parameters_oid() {
            Ok(P256) => Ok(Family::P256),
            Ok(P384) => Ok(Family::P384),
            _ => Err(KeyError::Unsupported),
        },
        _ => Err(KeyError::Unsupported),
    }
}

/// The `AlgorithmIdentifier` of a type; a shared secret has none.
pub(super) fn identifier(family: Family) -> Option<AlgorithmIdentifierRef<'static>> {
    let (oid, parameters) = match family {
        Family::Ed25519 => (ED25519, None),
        Family::P256 => (EC, Some(AnyRef::from(&P256))),
        Family::P384 => (EC, Some(AnyRef::from(&P384))),
        Family::Rsa => (RSA, Some(AnyRef::from(Null))),
        Family::Hmac => return None,
    };
    Some(AlgorithmIdentifier { oid, parameters })
}

/// The curve that an `ECPrivateKey` may name again.
pub(super) fn curve(family: Family) -> Option<ObjectIdentifier> {
    match family {
        Family::P256 => Some(P256),
        Family::P384 => Some(P384),
        _ => None,
    }
}
