//! Private keys as parts, and as PKCS#8 (RFC 5208, RFC 5958).

use pkcs1::RsaPrivateKeyRef;
use pkcs8::PrivateKeyInfoRef;
use pkcs8::der::asn1::{AnyRef, BitStringRef, OctetStringRef};
use pkcs8::der::{Decode, Encode, Reader, SliceReader, TagMode, TagNumber};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair,
};
use spki::ObjectIdentifier;

use super::algorithm::Family;
use super::error::KeyError;
use super::material::Public;
use super::{oid, rsa};
use crate::secret::Secret;

/// What a private key consists of, as somebody wrote it.
pub(super) enum Parts<'a> {
    Ed25519 {
        seed: &'a [u8],
        public: Option<&'a [u8]>,
    },
    /// P-256 or P-384.
    Ec {
        curve: Family,
        d: &'a [u8],
        /// Uncompressed.
        point: &'a [u8],
    },
    Rsa(RsaPrivateKeyRef<'a>),
}

/// What ring wrote before the public key's tag of the two RFCs: the rest of
/// PKCS#8 v2 around seed and public key.
const RING_ED25519: ([u8; 16], [u8; 5]) = (
    [
        0x30, 0x53, 2, 1, 1, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20,
    ],
    [0xa1, 0x23, 3, 0x21, 0],
);

impl<'a> Parts<'a> {
    pub(super) fn read(der: &'a [u8]) -> Result<Self, KeyError> {
        if let Some(parts) = Self::read_ring_ed25519(der) {
            return Ok(parts);
        }
        let info = PrivateKeyInfoRef::from_der(der).map_err(|_| {
            if is_encrypted(der) {
                KeyError::Encrypted
            } else {
                KeyError::Malformed
            }
        })?;
        let family = oid::family(info.algorithm)?;
        let key = info.private_key.as_bytes();
        let public = match info.public_key {
            Some(bits) => Some(bits.as_bytes().ok_or(KeyError::Malformed)?),
            None => None,
        };
        match (family, public) {
            (Family::Ed25519, _) => {
                let seed = <&OctetStringRef>::from_der(key).map_err(|_| KeyError::Malformed)?;
                let seed = seed.as_bytes();
                Ok(Self::Ed25519 { seed, public })
            }
            (Family::P256 | Family::P384, _) => {
                let key = EcPrivateKey::read(key).map_err(|_| KeyError::Malformed)?;
                if key.curve.is_some() && key.curve != oid::curve(family) {
                    return Err(KeyError::Malformed);
                }
                let point = match (key.public, public) {
                    (Some(inner), Some(outer)) if inner != outer => None,
                    (inner, outer) => inner.or(outer),
                };
                Ok(Self::Ec {
                    curve: family,
                    d: key.d,
                    point: point.ok_or(KeyError::Inconsistent)?,
                })
            }
            (Family::Rsa, None) => RsaPrivateKeyRef::from_der(key)
                .map(Self::Rsa)
                .map_err(|_| KeyError::Malformed),
            (Family::Rsa | Family::Hmac, _) => Err(KeyError::Malformed),
        }
    }

    fn read_ring_ed25519(der: &'a [u8]) -> Option<Self> {
        let (seed, rest) = der.strip_prefix(&RING_ED25519.0)?.split_at_checked(32)?;
        let public = rest.strip_prefix(&RING_ED25519.1)?;
        Some(Self::Ed25519 {
            seed,
            public: Some(public),
        })
    }

    pub(super) const fn family(&self) -> Family {
        match self {
            Self::Ed25519 { .. } => Family::Ed25519,
            Self::Ec { curve, .. } => *curve,
            Self::Rsa(_) => Family::Rsa,
        }
    }

    /// The public half, if all parts are allowed and belong together.
    pub(super) fn check(&self) -> Result<Public, KeyError> {
        match self {
            Self::Ed25519 { seed, public } => {
                let pair = Ed25519KeyPair::from_seed_unchecked(seed);
                let pair = pair.map_err(|_| KeyError::Malformed)?;
                let derived = pair.public_key().as_ref();
                if public.is_some_and(|public| public != derived) {
                    return Err(KeyError::Inconsistent);
                }
                Public::ed25519(derived)
            }
            Self::Ec { curve, d, point } => {
                let (kind, len) = match curve {
                    Family::P256 => (&ECDSA_P256_SHA256_FIXED_SIGNING, 32),
                    Family::P384 => (&ECDSA_P384_SHA384_FIXED_SIGNING, 48),
                    _ => return Err(KeyError::WrongType),
                };
                if d.len() != len {
                    return Err(KeyError::Malformed);
                }
                let public = Public::ec(point, *curve)?;
                let random = SystemRandom::new();
                match EcdsaKeyPair::from_private_key_and_public_key(kind, d, point, &random) {
                    Ok(_) => Ok(public),
                    Err(_) => Err(KeyError::Inconsistent),
                }
            }
            Self::Rsa(key) => rsa::check(key),
        }
    }

    /// As this crate writes it: version 1, an Ed25519 key without its public
    /// half (RFC 8410 §7), an EC key with it (RFC 5915 §3).
    pub(super) fn to_der(&self) -> Result<Secret<Vec<u8>>, KeyError> {
        let key = match self {
            Self::Ed25519 { seed, .. } => OctetStringRef::new(seed).and_then(|seed| seed.to_der()),
            Self::Ec { d, point, .. } => EcPrivateKey::write(d, point),
            Self::Rsa(key) => key.to_der(),
        };
        let key = Secret::new(key.map_err(|_| KeyError::Malformed)?);
        let algorithm = oid::identifier(self.family()).ok_or(KeyError::WrongType)?;
        let key = OctetStringRef::new(key.expose()).and_then(|key| {
            PrivateKeyInfoRef::<'_>::new(algorithm, key)
                .to_der()
                .map(Secret::new)
        });
        key.map_err(|_| KeyError::Malformed)
    }
}

/// RFC 5915 §3.
struct EcPrivateKey<'a> {
    d: &'a [u8],
    curve: Option<ObjectIdentifier>,
    public: Option<&'a [u8]>,
}

impl<'a> EcPrivateKey<'a> {
    fn read(der: &'a [u8]) -> Result<Self, pkcs8::der::Error> {
        let mut reader = SliceReader::new(der)?;
        let key = reader.sequence(|reader| {
            if reader.decode::<u8>()? != 1 {
                return Err(reader.error(pkcs8::der::ErrorKind::Failed));
            }
            let d: &OctetStringRef = reader.decode()?;
            let curve = reader.context_specific(TagNumber(0), TagMode::Explicit)?;
            let public = reader.context_specific(TagNumber(1), TagMode::Explicit)?;
            let public = public.map(|bits: BitStringRef<'a>| {
                let bytes = bits.as_bytes();
                bytes.ok_or(pkcs8::der::ErrorKind::Failed)
            });
            Ok::<_, pkcs8::der::Error>(Self {
                d: d.as_bytes(),
                curve,
                public: public.transpose()?,
            })
        })?;
        reader.finish()?;
        Ok(key)
    }

    fn write(d: &[u8], point: &[u8]) -> Result<Vec<u8>, pkcs8::der::Error> {
        use pkcs8::der::asn1::ContextSpecific;
        use pkcs8::der::{Header, Tag};

        let d = OctetStringRef::new(d)?;
        let public = ContextSpecific {
            tag_number: TagNumber(1),
            tag_mode: TagMode::Explicit,
            value: BitStringRef::from_bytes(point)?,
        };
        let version = 1_u8;
        let inner = version.encoded_len()? + d.encoded_len()? + public.encoded_len()?;
        let header = Header::new(Tag::Sequence, inner?);
        let total = usize::try_from((header.encoded_len()? + header.length())?)?;
        let mut out = Vec::with_capacity(total);
        header.encode_to_vec(&mut out)?;
        version.encode_to_vec(&mut out)?;
        d.encode_to_vec(&mut out)?;
        public.encode_to_vec(&mut out)?;
        Ok(out)
    }
}

/// `EncryptedPrivateKeyInfo` (RFC 5958 §3): an algorithm where a key in the
/// clear has its version.
fn is_encrypted(der: &[u8]) -> bool {
    let read = || {
        let mut reader = SliceReader::new(der)?;
        reader.sequence(|reader| {
            reader.sequence(|algorithm| {
                algorithm.decode::<ObjectIdentifier>()?;
                algorithm.decode::<Option<AnyRef<'_>>>()
            })?;
            reader.decode::<&OctetStringRef>()
        })?;
        reader.finish()
    };
    read().is_ok()
}
