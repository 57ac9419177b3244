//! `jsonwebtoken` has no provider: whoever asks it for one panics. Nothing of
//! ours asks. One test, so that it has the process to itself.
#![cfg(feature = "jsonwebtoken")]

#[path = "interop/ours.rs"]
mod ours;

#[test]
fn nothing_of_ours_needs_the_provider_of_the_process() {
    ours::everything_works();
    assert!(ours::jsonwebtoken_panics());
    // Neither does it matter that it was asked for, in vain.
    ours::everything_works();
}
