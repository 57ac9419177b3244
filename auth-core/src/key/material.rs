//! Keys as plain material, checked: whatever is refused is refused here,
//! before a library sees it.

use super::algorithm::{Algorithm, Family};
use super::backend::is_on_curve;
use super::ed25519;
use super::error::KeyError;
use crate::secret::Secret;

/// What verifies.
#[derive(Clone)]
pub(super) enum Public {
    Ed25519([u8; 32]),
    /// Uncompressed: 4 ‖ x ‖ y.
    P256([u8; 65]),
    /// Uncompressed: 4 ‖ x ‖ y.
    P384([u8; 97]),
    Rsa(Rsa),
    Hmac(Secret<Vec<u8>>),
}

/// Big-endian, without leading zeros.
#[derive(Clone)]
pub(super) struct Rsa {
    pub(super) n: Vec<u8>,
    pub(super) e: Vec<u8>,
}

/// What signs.
pub(super) enum Private {
    /// PKCS#8 DER, for the asymmetric algorithms.
    Pkcs8(Secret<Vec<u8>>),
    Hmac(Secret<Vec<u8>>),
}

impl Public {
    pub(super) fn ed25519(public: &[u8]) -> Result<Self, KeyError> {
        let public: [u8; 32] = public.try_into().map_err(|_| KeyError::Malformed)?;
        if ed25519::is_allowed(public) {
            Ok(Self::Ed25519(public))
        } else {
            Err(KeyError::Point)
        }
    }

    /// A point of one of the two curves, uncompressed. Another form of it, or
    /// the point at infinity, is [`KeyError::Point`] (RFC 5480 §2.2).
    pub(super) fn ec(point: &[u8], curve: Family) -> Result<Self, KeyError> {
        if let [form, ..] = point
            && *form != 4
        {
            return Err(KeyError::Point);
        }
        let (key, curve) = match curve {
            Family::P256 => (
                point.try_into().map(Self::P256),
                &ring::agreement::ECDH_P256,
            ),
            Family::P384 => (
                point.try_into().map(Self::P384),
                &ring::agreement::ECDH_P384,
            ),
            _ => return Err(KeyError::WrongType),
        };
        let key = key.map_err(|_| KeyError::Malformed)?;
        if is_on_curve(curve, point) {
            Ok(key)
        } else {
            Err(KeyError::Point)
        }
    }

    /// RFC 7518 §3.3; an exponent of 1 would make every message its own
    /// signature.
    pub(super) fn rsa(n: &[u8], e: &[u8]) -> Result<Self, KeyError> {
        let (n, e) = (without_zeros(n), without_zeros(e));
        let bits = n.len() * 8 - n.first().map_or(0, |first| first.leading_zeros() as usize);
        if !(2048..=8192).contains(&bits) {
            return Err(KeyError::RsaSize);
        }
        let odd = |number: &[u8]| number.last().is_some_and(|last| last & 1 == 1);
        let exponent = e.iter().try_fold(0_u64, |value, byte| {
            (value >> 56 == 0).then(|| value << 8 | u64::from(*byte))
        });
        let allowed = exponent.is_some_and(|e| (3..1 << 33).contains(&e)) && odd(e) && odd(n);
        if !allowed {
            return Err(KeyError::RsaExponent);
        }
        Ok(Self::Rsa(Rsa {
            n: n.to_vec(),
            e: e.to_vec(),
        }))
    }

    pub(super) fn hmac(secret: Vec<u8>, algorithm: Algorithm) -> Result<Self, KeyError> {
        let secret = Secret::new(secret);
        if algorithm.family() != Family::Hmac {
            Err(KeyError::WrongType)
        } else if secret.expose().len() < algorithm.hash_len() {
            Err(KeyError::HmacTooShort)
        } else {
            Ok(Self::Hmac(secret))
        }
    }

    pub(super) const fn family(&self) -> Family {
        match self {
            Self::Ed25519(_) => Family::Ed25519,
            Self::P256(_) => Family::P256,
            Self::P384(_) => Family::P384,
            Self::Rsa(_) => Family::Rsa,
            Self::Hmac(_) => Family::Hmac,
        }
    }
}

fn without_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    &number[zeros..]
}
