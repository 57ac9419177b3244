//! `cargo xtask test`: every test, with throw-away servers.

use std::{
    env,
    process::{Command, Stdio},
};

use crate::{
    run::{Failure, Run, cargo, root},
    servers::Servers,
};

/// Starts the servers, runs everything that is a test, and stops them.
///
/// # Errors
/// That of the first step that fails.
pub fn test(run: &mut Run) -> Result<(), Failure> {
    let servers = Servers::start(run)?;
    let with_servers = |mut command: Command| {
        command.envs(servers.environment());
        command
    };
    run.step("tests", &mut with_servers(tests()))?;
    run.step(
        "documentation tests",
        &mut with_servers(cargo("test --workspace --all-features --doc")),
    )?;
    // A workspace of its own; its manifest says why. The packages that both need are compiled once.
    run.step(
        "jsonwebtoken with both backends",
        cargo("test --manifest-path auth-core/tests/both_backends/Cargo.toml")
            .env("CARGO_TARGET_DIR", root().join("target")),
    )?;
    // With the features its own manifest asks for: together with the whole workspace it would get everybody's.
    run.step(
        "quickstart",
        &mut with_servers(cargo("run --package quickstart -- --demo")),
    )
}

fn tests() -> Command {
    if !has_nextest() {
        return cargo("test --workspace --all-features --lib --bins --tests");
    }
    let mut command = cargo("nextest run --workspace --all-features");
    // Whoever waits for a report wants all of it; at a terminal, the first failure.
    if env::var_os("CI").is_some() {
        command.arg("--no-fail-fast");
    }
    command
}

fn has_nextest() -> bool {
    let version = cargo("nextest --version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    version.is_ok_and(|status| status.success())
}
