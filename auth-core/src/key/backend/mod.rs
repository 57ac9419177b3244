//! The libraries that do the cryptography, behind one small trait.
//!
//! Keys are checked before they come here ([`super::material`]), parsed once,
//! and kept prepared as far as the library can.

#[cfg(feature = "aws-lc-rs")]
mod aws_lc_rs;
mod check;
mod ring;

use super::algorithm::Algorithm;
use super::error::KeyError;
use super::generate::RsaSize;
use super::material::{Private, Public};
use crate::secret::Secret;

pub(super) use check::is_on_curve;

/// Which library does the cryptography.
///
/// ring is always there and the default. `aws-lc-rs` comes with the feature of
/// that name; a process may use both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Backend {
    /// ring.
    #[default]
    Ring,
    /// AWS-LC.
    #[cfg(feature = "aws-lc-rs")]
    AwsLcRs,
}

impl Backend {
    /// All that are compiled in.
    pub const ALL: &[Self] = &[
        Self::Ring,
        #[cfg(feature = "aws-lc-rs")]
        Self::AwsLcRs,
    ];

    pub(super) fn generate_rsa(self, size: RsaSize) -> Result<Secret<Vec<u8>>, KeyError> {
        match self {
            Self::Ring => {
                let _ = size;
                Err(KeyError::Backend)
            }
            #[cfg(feature = "aws-lc-rs")]
            Self::AwsLcRs => aws_lc_rs::generate_rsa(size),
        }
    }

    pub(super) fn verifier(
        self,
        algorithm: Algorithm,
        key: &Public,
    ) -> Result<Box<dyn Verify>, KeyError> {
        match self {
            Self::Ring => ring::verifier(algorithm, key),
            #[cfg(feature = "aws-lc-rs")]
            Self::AwsLcRs => {
                aws_lc_rs::warm_up();
                aws_lc_rs::verifier(algorithm, key)
            }
        }
    }

    pub(super) fn signer(
        self,
        algorithm: Algorithm,
        key: &Private,
    ) -> Result<Box<dyn Sign>, KeyError> {
        match self {
            Self::Ring => ring::signer(algorithm, key),
            #[cfg(feature = "aws-lc-rs")]
            Self::AwsLcRs => {
                aws_lc_rs::warm_up();
                aws_lc_rs::signer(algorithm, key)
            }
        }
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
