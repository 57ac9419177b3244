//! Building the targets for libFuzzer.

use std::path::PathBuf;
use std::process::Command;

use super::folder;
use crate::run::{Failure, Run};

/// What `cargo fuzz` passes too: every edge counts its visits and every comparison tells its operands, which is how
/// the fuzzer finds its way; the address sanitizer watches the memory. It is why the compiler must be a nightly one.
const FLAGS: &str = "\
    -Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares \
    -Cllvm-args=-simplifycfg-branch-fold-threshold=0 \
    -Ccodegen-units=1 -Zsanitizer=address --cfg fuzzing";

const MISSING: &str = "\
    fuzzing needs a nightly compiler: rustup toolchain install nightly --profile minimal";

/// Gives the folder in which the programs are.
pub(super) fn build(run: &mut Run) -> Result<PathBuf, Failure> {
    let host = host()?;
    let target_folder = folder().join("target");
    run.step(
        "build fuzz targets",
        nightly("cargo")
            .args(["build", "--release", "--bins", "--locked"])
            // With a target named, the flags are not for build scripts.
            .args(["--target", &host])
            .arg("--target-dir")
            .arg(&target_folder)
            .env_remove("CARGO_ENCODED_RUSTFLAGS")
            .env("RUSTFLAGS", FLAGS),
    )?;
    Ok(target_folder.join(host).join("release"))
}

/// The triple of this machine, as the nightly compiler names it.
fn host() -> Result<String, Failure> {
    let version = nightly("rustc").arg("-vV").output();
    let missing = || Failure::Other(MISSING.to_owned());
    let version = version.map_err(|_| missing())?;
    let text = String::from_utf8_lossy(&version.stdout);
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(missing)
}

fn nightly(program: &str) -> Command {
    let mut command = Command::new("rustup");
    command
        .args(["run", "nightly", program])
        .current_dir(folder());
    command
}
