//! Keys as plain material, checked: whatever is refused is refused here,
//! before a library sees it.

use ring::digest;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING};
use ring::signature::{EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaKeyPair};

use super::algorithm::{Algorithm, Family};
use super::backend::is_on_curve;
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
        if is_allowed_ed25519(public) {
            Ok(Self::Ed25519(public))
        } else {
            Err(KeyError::Point)
        }
    }

    pub(super) fn p256(point: &[u8]) -> Result<Self, KeyError> {
        let point: [u8; 65] = point.try_into().map_err(|_| KeyError::Malformed)?;
        let allowed = is_on_curve(&ring::agreement::ECDH_P256, &point);
        if allowed {
            Ok(Self::P256(point))
        } else {
            Err(KeyError::Point)
        }
    }

    pub(super) fn p384(point: &[u8]) -> Result<Self, KeyError> {
        let point: [u8; 97] = point.try_into().map_err(|_| KeyError::Malformed)?;
        let allowed = is_on_curve(&ring::agreement::ECDH_P384, &point);
        if allowed {
            Ok(Self::P384(point))
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
        let least = match algorithm {
            Algorithm::Hs256 => 32,
            Algorithm::Hs384 => 48,
            Algorithm::Hs512 => 64,
            _ => return Err(KeyError::WrongType),
        };
        let secret = Secret::new(secret);
        if secret.expose().len() < least {
            Err(KeyError::HmacTooShort)
        } else {
            Ok(Self::Hmac(secret))
        }
    }

    /// The public half of a private key.
    pub(super) fn of_pkcs8(der: &[u8], family: Family) -> Result<Self, KeyError> {
        let rng = ring::rand::SystemRandom::new();
        let ecdsa = |algorithm| EcdsaKeyPair::from_pkcs8(algorithm, der, &rng);
        match family {
            Family::Ed25519 => {
                let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der);
                Self::ed25519(pair.map_err(|_| KeyError::Malformed)?.public_key().as_ref())
            }
            Family::P256 => {
                let pair = ecdsa(&ECDSA_P256_SHA256_FIXED_SIGNING);
                Self::p256(pair.map_err(|_| KeyError::Malformed)?.public_key().as_ref())
            }
            Family::P384 => {
                let pair = ecdsa(&ECDSA_P384_SHA384_FIXED_SIGNING);
                Self::p384(pair.map_err(|_| KeyError::Malformed)?.public_key().as_ref())
            }
            Family::Rsa => {
                let pair = RsaKeyPair::from_pkcs8(der).map_err(|_| KeyError::Malformed)?;
                let public = ring::rsa::PublicKeyComponents::<Vec<u8>>::from(pair.public_key());
                Self::rsa(&public.n, &public.e)
            }
            Family::Hmac => Err(KeyError::WrongType),
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

    /// SHA-256 of the key's canonical JWK (RFC 7638).
    pub(super) fn thumbprint(&self) -> String {
        use super::jwk::encode;
        let canonical = match self {
            Self::Ed25519(x) => format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, encode(x)),
            Self::P256(point) => ec(r#""P-256""#, &point[1..33], &point[33..]),
            Self::P384(point) => ec(r#""P-384""#, &point[1..49], &point[49..]),
            Self::Rsa(Rsa { n, e }) => {
                format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, encode(e), encode(n))
            }
            Self::Hmac(k) => format!(r#"{{"k":"{}","kty":"oct"}}"#, encode(k.expose())),
        };
        let canonical = zeroize::Zeroizing::new(canonical);
        encode(digest::digest(&digest::SHA256, canonical.as_bytes()).as_ref())
    }
}

fn ec(crv: &str, x: &[u8], y: &[u8]) -> String {
    use super::jwk::encode;
    format!(
        r#"{{"crv":{crv},"kty":"EC","x":"{}","y":"{}"}}"#,
        encode(x),
        encode(y)
    )
}

fn without_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    &number[zeros..]
}

/// Refuses y ≥ p, which has a second spelling, and the points of small order,
/// for which signatures can be made without a private key.
fn is_allowed_ed25519(mut point: [u8; 32]) -> bool {
    const P: [u8; 32] = {
        let mut p = [0xff; 32];
        p[0] = 0xed;
        p[31] = 0x7f;
        p
    };
    const MINUS_ONE: [u8; 32] = {
        let mut y = P;
        y[0] = 0xec;
        y
    };
    const ONE: [u8; 32] = {
        let mut y = [0; 32];
        y[0] = 1;
        y
    };
    /// The points of order 8.
    const EIGHTH: [[u8; 32]; 2] = [
        [
            0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10,
            0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77,
            0x92, 0xac, 0x03, 0x7a,
        ],
        [
            0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef,
            0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88,
            0x6d, 0x53, 0xfc, 0x05,
        ],
    ];
    point[31] &= 0x7f;
    let canonical = point.iter().rev().lt(P.iter().rev());
    canonical && ![[0; 32], ONE, MINUS_ONE, EIGHTH[0], EIGHTH[1]].contains(&point)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c07_small_and_non_canonical_ed25519_points_are_refused() {
        let mut p = [0xff; 32];
        (p[0], p[31]) = (0xed, 0x7f);
        for low in [0xec, 0xed, 0xee, 0xff] {
            for high in [0x7f, 0xff] {
                (p[0], p[31]) = (low, high);
                assert!(!is_allowed_ed25519(p), "{p:x?}");
            }
        }
        for y in [0, 1] {
            for sign in [0, 0x80] {
                let mut point = [0; 32];
                (point[0], point[31]) = (y, sign);
                assert!(!is_allowed_ed25519(point), "{point:x?}");
            }
        }
    }
}
