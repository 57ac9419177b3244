//! The libraries that do the cryptography, behind one small trait.
//!
//! Keys are checked before they come here ([`super::material`]), parsed once,
//! and kept prepared as far as the library can.

#[cfg(feature = "aws-lc-rs")]
mod aws_lc_rs;
mod check;
#[cfg(feature = "ed25519-dalek")]
mod ed25519_dalek;
mod library;
mod ring;

use super::algorithm::Algorithm;
use super::error::KeyError;
use super::generate::RsaSize;
use super::material::{Private, Public};
use crate::secret::Secret;
use library::Library;

pub(super) use check::is_on_curve;

/// Which library does the cryptography.
///
/// ring is always there and the default. The others come with features, and a
/// process may use all of them: a feature adds a value, and changes nothing for
/// a key that was not given it.
///
/// All accept the same signatures by the same keys, and no others. They differ
/// in speed and in who wrote them: SECURITY.md says what each is trusted with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Backend {
    /// ring.
    #[default]
    Ring,
    /// AWS-LC.
    #[cfg(feature = "aws-lc-rs")]
    AwsLcRs,
    /// ring, but Ed25519 signatures are verified by ed25519-dalek, which reads
    /// the key once and uses AVX2 where the processor has it. It signs nothing
    /// and sees no secret.
    #[cfg(feature = "ed25519-dalek")]
    RingWithDalek,
    /// AWS-LC, but Ed25519 signatures are verified by ed25519-dalek.
    #[cfg(all(feature = "aws-lc-rs", feature = "ed25519-dalek"))]
    AwsLcRsWithDalek,
}

impl Backend {
    /// All that are compiled in.
    pub const ALL: &[Self] = &[
        Self::Ring,
        #[cfg(feature = "aws-lc-rs")]
        Self::AwsLcRs,
        #[cfg(feature = "ed25519-dalek")]
        Self::RingWithDalek,
        #[cfg(all(feature = "aws-lc-rs", feature = "ed25519-dalek"))]
        Self::AwsLcRsWithDalek,
    ];

    const fn library(self) -> Library {
        match self {
            Self::Ring => Library::Ring,
            #[cfg(feature = "aws-lc-rs")]
            Self::AwsLcRs => Library::AwsLcRs,
            #[cfg(feature = "ed25519-dalek")]
            Self::RingWithDalek => Library::Ring,
            #[cfg(all(feature = "aws-lc-rs", feature = "ed25519-dalek"))]
            Self::AwsLcRsWithDalek => Library::AwsLcRs,
        }
    }

    #[cfg(feature = "ed25519-dalek")]
    const fn has_dalek(self) -> bool {
        match self {
            Self::Ring => false,
            #[cfg(feature = "aws-lc-rs")]
            Self::AwsLcRs => false,
            Self::RingWithDalek => true,
            #[cfg(feature = "aws-lc-rs")]
            Self::AwsLcRsWithDalek => true,
        }
    }

    pub(super) fn generate_rsa(self, size: RsaSize) -> Result<Secret<Vec<u8>>, KeyError> {
        self.library().generate_rsa(size)
    }

    pub(super) fn verifier(
        self,
        algorithm: Algorithm,
        key: &Public,
    ) -> Result<Box<dyn Verify>, KeyError> {
        #[cfg(feature = "ed25519-dalek")]
        if self.has_dalek()
            && let (Algorithm::EdDsa, Public::Ed25519(point)) = (algorithm, key)
        {
            return Ok(ed25519_dalek::verifier(point));
        }
        self.library().verifier(algorithm, key)
    }

    pub(super) fn signer(
        self,
        algorithm: Algorithm,
        key: &Private,
    ) -> Result<Box<dyn Sign>, KeyError> {
        self.library().signer(algorithm, key)
    }
}

/// A public key, prepared. Nothing is allocated.
pub(super) trait Verify: Send + Sync {
    /// Whether `signature` is the key's over `message`.
    fn verify(&self, message: &[u8], signature: &[u8]) -> bool;
}

/// A private key, prepared.
pub(super) trait Sign: Send + Sync {
    /// Hands the signature of `message` to `with`, once; `None` when the
    /// library has no randomness.
    fn sign(&self, message: &[u8], with: &mut dyn FnMut(&[u8])) -> Option<()>;
}
