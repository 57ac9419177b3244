//! cargo-deny, whose rules are in `deny.toml`.

use std::{env, process::Stdio};

use crate::run::{Failure, Run, cargo};

/// Pinned, so that a new release does not turn a build red by itself.
const CARGO_DENY: &str = "0.20.2";

/// Set to `1`, it makes it an error that the advisories could not be fetched.
const REQUIRE_ADVISORIES: &str = "CI_REQUIRE_ADVISORIES";

/// Licences, duplicates, bans and sources; then advisories, which need the network.
pub(super) fn check(run: &mut Run) -> Result<(), Failure> {
    if !is_installed() {
        run.step(
            "install cargo-deny",
            &mut cargo(&format!(
                "install --locked cargo-deny --version {CARGO_DENY}"
            )),
        )?;
    }
    run.step(
        "licences, bans, sources",
        &mut cargo("deny check licenses bans sources"),
    )?;
    advisories(run)
}

fn advisories(run: &mut Run) -> Result<(), Failure> {
    let step = "fetch advisories";
    let fetched = cargo("deny fetch db")
        .stdout(Stdio::null())
        .output()
        .map_err(|source| Failure::NotRun {
            step: step.into(),
            source,
        })?;
    if fetched.status.success() {
        return run.step(
            "advisories",
            &mut cargo("deny check --disable-fetch advisories"),
        );
    }
    let why = String::from_utf8_lossy(&fetched.stderr);
    // git says the cause last.
    let why = why
        .lines()
        .rfind(|line| !line.trim().is_empty())
        .unwrap_or("it does not say why");
    let unchecked = format!(
        "ADVISORIES NOT CHECKED: their database cannot be fetched: {}",
        why.trim()
    );
    if env::var(REQUIRE_ADVISORIES).is_ok_and(|value| value == "1") {
        return Err(Failure::Other(unchecked));
    }
    run.warn(unchecked);
    Ok(())
}

fn is_installed() -> bool {
    let version = cargo("deny --version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    version.is_ok_and(|status| status.success())
}
