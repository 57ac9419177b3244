//! That contenders do what they are timed for.

use super::case::Case;
use super::contender::{Depth, Issuing, Verifying};
use super::raw;
use crate::Failure;

/// It accepts what is good and rejects what is not.
pub(super) fn verifies(contender: &Verifying, case: &Case) -> Result<(), Failure> {
    let complain = |what: &str| {
        let Verifying { name, .. } = contender;
        Err(format!("{name} {what} token by {}", case.algorithm).into())
    };
    if !(contender.accepts)(&case.good) {
        return complain("rejects a good");
    }
    if case.tampered.iter().any(|token| (contender.accepts)(token)) {
        return complain("accepts a tampered");
    }
    if contender.depth == Depth::Token && (contender.accepts)(&case.expired) {
        return complain("accepts an expired");
    }
    Ok(())
}

/// What it issues is signed by the case's key.
pub(super) fn issues(contender: &Issuing, case: &Case) -> Result<(), Failure> {
    let mut issued = Vec::new();
    (contender.issue)(&mut |bytes| issued.extend_from_slice(bytes));
    let good = match contender.depth {
        Depth::Signature => raw::ring::verifies(case, case.unsigned.as_bytes(), &issued),
        Depth::Token => is_complete(case, &issued),
    };
    if good {
        return Ok(());
    }
    let Issuing { name, .. } = contender;
    Err(format!("{name} issues a bad token by {}", case.algorithm).into())
}

/// A token that ours accepts, and that is as long as the others'.
fn is_complete(case: &Case, issued: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(issued) else {
        return false;
    };
    let Some((signed, _)) = text.rsplit_once('.') else {
        return false;
    };
    let verifier = super::ours::verifier(case, auth_core::key::Backend::Ring);
    let accepted = verifier.is_ok_and(|verifier| verifier.verify_now(text).is_ok());
    accepted && signed.len() == case.unsigned.len()
}
