//! `cargo xtask ci`: what must hold before a merge.

use crate::{
    bench, deps, features, fuzz,
    run::{Failure, Run, cargo},
    test,
};

/// How much of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// What every change has to pass.
    Usual,
    /// Also every crate with each of its features alone, a short fuzzing, and the benchmarks' goals.
    Full,
}

/// The cheap steps first. One feature set throughout, so that everything is compiled once.
///
/// # Errors
/// That of the first step that fails.
pub fn ci(run: &mut Run, extent: Extent) -> Result<(), Failure> {
    run.step("format", &mut cargo("fmt --all --check"))?;
    run.step("format fuzz", &mut cargo(&format!("fmt {FUZZ} --check")))?;
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
        let lint = format!("clippy {FUZZ} --target-dir target --all-targets --locked");
        run.step("lint fuzz", cargo(&lint).args(["--", "-D", "warnings"]))?;
        fuzz::fuzz(run, &fuzz::Request::default())?;
    }
    test::test(run)?;
    if extent == Extent::Full {
        bench::bench(run, &bench::Request::checking_all())?;
    }
    Ok(())
}

/// A workspace of its own, that is linted beside ours to compile libraries once.
const FUZZ: &str = "--manifest-path fuzz/Cargo.toml";
