//! ed25519-dalek, which keeps public keys decompressed.

use auth_core::key::Algorithm;
use ed25519_dalek::{Signature, Verifier, VerifyingKey};

use super::DALEK;
use crate::Failure;
use crate::tokens::case::Case;
use crate::tokens::contender::{Depth, Verifying};

pub(in crate::tokens) fn verifying(case: &Case) -> Result<Verifying, Failure> {
    if case.algorithm != Algorithm::EdDsa {
        return Err(format!("ed25519-dalek has no {}", case.algorithm).into());
    }
    let key = VerifyingKey::try_from(case.public.as_slice())?;
    Ok(Verifying::new(DALEK, Depth::Signature, move |token| {
        Signature::from_slice(token.signature())
            .is_ok_and(|signature| key.verify(token.signed(), &signature).is_ok())
    }))
}
