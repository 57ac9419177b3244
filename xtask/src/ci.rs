//! `cargo xtask ci`: what must hold before a merge.

use crate::{
    bench, deps, features, fuzz, load,
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
    for beside in [FUZZ, BENCHES, LOAD, STORE, PEERS] {
        run.step(
            &format!("format {}", name(beside)),
            &mut cargo(&format!("fmt {beside} --check")),
        )?;
        // Ours change what they need, and they are compiled only when there is time for it.
        run.step(
            &format!("lock file of {}", name(beside)),
            &mut cargo(&format!("update {beside} --workspace --locked --quiet")),
        )?;
    }
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
        for beside in [FUZZ, BENCHES, LOAD, STORE] {
            let lint = format!("clippy {beside} --target-dir target --all-targets --locked");
            let mut lint = cargo(&lint);
            run.step(
                &format!("lint {}", name(beside)),
                lint.args(["--", "-D", "warnings"]),
            )?;
        }
        for beside in [BENCHES, LOAD, STORE] {
            let tests = format!("test {beside} --target-dir target --locked");
            run.step(&format!("test {}", name(beside)), &mut cargo(&tests))?;
        }
        fuzz::fuzz(run, &fuzz::Request::default())?;
    }
    test::test(run)?;
    if extent == Extent::Full {
        load::short(run)?;
        bench::bench(run, &bench::Request::checking_all())?;
    }
    Ok(())
}

/// Workspaces of their own, that are linted beside ours to compile libraries
/// once.
const FUZZ: &str = "--manifest-path fuzz/Cargo.toml";
const BENCHES: &str = "--manifest-path benches/Cargo.toml";
const LOAD: &str = "--manifest-path benches/load/Cargo.toml";
const STORE: &str = "--manifest-path benches/store/Cargo.toml";
const PEERS: &str = "--manifest-path benches/peers/Cargo.toml";

/// The folder that a manifest is in.
fn name(manifest: &str) -> &str {
    let path = manifest.trim_start_matches("--manifest-path ");
    path.trim_end_matches("/Cargo.toml")
}
