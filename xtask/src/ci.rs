//! `cargo xtask ci`: what must hold before a merge.

use crate::{
    deps, features,
    run::{Failure, Run, cargo},
    test,
};

/// How much of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// What every change has to pass.
    Usual,
    /// Also every crate with each of its features alone.
    Full,
}

/// The cheap steps first. One feature set throughout, so that everything is compiled once.
///
/// # Errors
/// That of the first step that fails.
pub fn ci(run: &mut Run, extent: Extent) -> Result<(), Failure> {
    run.step("format", &mut cargo("fmt --all --check"))?;
    run.step(
        "lint",
        &mut cargo("clippy --workspace --all-targets --all-features -- -D warnings"),
    )?;
    run.step(
        "documentation",
        cargo("doc --workspace --no-deps --all-features").env("RUSTDOCFLAGS", "-D warnings"),
    )?;
    deps::deps(run)?;
    if extent == Extent::Full {
        features::each_alone(run)?;
    }
    test::test(run)
}
