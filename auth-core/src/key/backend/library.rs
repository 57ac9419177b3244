//! The libraries that sign, and verify every algorithm.

#[cfg(feature = "aws-lc-rs")]
use super::aws_lc_rs;
use super::{Sign, Verify, ring};
use crate::key::algorithm::Algorithm;
use crate::key::error::KeyError;
use crate::key::generate::RsaSize;
use crate::key::material::{Private, Public};
use crate::secret::Secret;

#[derive(Clone, Copy)]
pub(super) enum Library {
    Ring,
    #[cfg(feature = "aws-lc-rs")]
    AwsLcRs,
}

impl Library {
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
