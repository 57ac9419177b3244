//! `cargo xtask load` and `cargo xtask soak`: whole services over loopback HTTP,
//! and the store alone at the size that it is made for, on a PostgreSQL that lives
//! as long as the command.

use std::process::Command;

use crate::run::{Failure, Run, cargo};
use crate::servers::Servers;
use crate::{cache, outbox};

/// The programs of `benches/load`, with what `ci --full` gives them.
const SHORT: &[&str] = &["timing --service ours-simd --samples 1500"];

/// What must be found by a measurement that is any good.
const BROKEN: &str = "timing --service early-return --samples 100";

/// What takes minutes: figures for a table.
const LOADS: &[(&str, &[&str])] = &[
    ("scenario", &["scenario"]),
    (
        "flood",
        &[
            "flood --service ours --over sdk",
            "flood --service ours-simd --over sdk",
            "flood --service ours",
            "flood --service ours-simd",
        ],
    ),
];

/// What takes long, and is run before a release.
const SOAKS: &[(&str, &[&str])] = &[(
    "timing",
    &["timing --service ours", "timing --service ours-simd"],
)];

/// The programs of `benches/store`, which start a server of their own.
const OF_STORE: &[&str] = &[
    "cold",
    "refresh",
    "scale",
    "purge",
    "contested",
    "acknowledged",
];

/// What `ci --full` gives them: a few seconds of each.
const SHORT_OF_STORE: &[&str] = &["contested 2000", "acknowledged 500"];

/// The same on a store that is broken: its losers get a successor of their own; it
/// forgets what it acknowledged.
const BROKEN_OF_STORE: &[&str] = &[
    "contested 1000 --broken successors",
    "acknowledged 1000 --broken forgetful",
];

/// A soak of tests, not of a program.
const OUTBOX: &str = "outbox";

/// Runs the load of this name, and prints Markdown.
///
/// # Errors
/// If there is none, or what must hold does not.
pub fn load(run: &mut Run, name: &str) -> Result<(), Failure> {
    each(run, LOADS, &[], name)
}

/// Runs the soak of this name, and prints Markdown. Those of the store take
/// arguments: how much of it, and what `benches/store` says besides.
///
/// # Errors
/// If there is none, or what must hold does not.
pub fn soak(run: &mut Run, name: &str, arguments: &[&str]) -> Result<(), Failure> {
    if OF_STORE.contains(&name) {
        // Theirs is not started here, but installed.
        drop(Servers::start(run)?);
        return run.step(name, release("benches/store").arg(name).args(arguments));
    }
    if !arguments.is_empty() {
        return Err(Failure::Other(format!("{name} takes no arguments")));
    }
    if name == OUTBOX {
        return outbox::soak(run);
    }
    if let Some(outcome) = cache::soak(run, name) {
        return outcome;
    }
    let others = OF_STORE.iter().copied().chain([OUTBOX]);
    let others: Vec<_> = others.chain(cache::names()).collect();
    each(run, SOAKS, &others, name)?;
    let servers = Servers::start(run)?;
    must_be_found(run, &servers)
}

/// The short form of what can be told in a minute.
///
/// # Errors
/// If something does not hold, or a service that is broken on purpose passes.
pub fn short(run: &mut Run) -> Result<(), Failure> {
    let servers = Servers::start(run)?;
    for arguments in SHORT {
        step(run, &servers, arguments)?;
    }
    must_be_found(run, &servers)?;
    short_of_store(run)
}

fn short_of_store(run: &mut Run) -> Result<(), Failure> {
    let program = |arguments: &str| {
        let mut command = release("benches/store");
        command.args(arguments.split_whitespace());
        command
    };
    for arguments in SHORT_OF_STORE {
        run.step(arguments, &mut program(arguments))?;
    }
    for arguments in BROKEN_OF_STORE {
        run.step_that_ends(arguments, &mut program(arguments), FOUND)?;
    }
    Ok(())
}

/// `also`: names that are not of programs.
fn each(run: &mut Run, of: &[(&str, &[&str])], also: &[&str], name: &str) -> Result<(), Failure> {
    let Some((_, programs)) = of.iter().find(|(known, _)| *known == name) else {
        let known: Vec<_> = of
            .iter()
            .map(|(known, _)| *known)
            .chain(also.iter().copied())
            .collect();
        return Err(Failure::Other(format!(
            "there is no {name}, but {}",
            known.join(", ")
        )));
    };
    let servers = Servers::start(run)?;
    for arguments in *programs {
        step(run, &servers, arguments)?;
    }
    Ok(())
}

fn step(run: &mut Run, servers: &Servers, arguments: &str) -> Result<(), Failure> {
    run.step(arguments, &mut program(servers, arguments))
}

/// The status that says that something does not hold, as it must not here; 2 would
/// say that nothing was measured.
const FOUND: i32 = 1;

fn must_be_found(run: &mut Run, servers: &Servers) -> Result<(), Failure> {
    run.step_that_ends(BROKEN, &mut program(servers, BROKEN), FOUND)
}

fn program(servers: &Servers, arguments: &str) -> Command {
    let mut command = release("benches/load");
    command
        .args(arguments.split_whitespace())
        .envs(servers.environment());
    command
}

/// The program of a workspace beside ours.
fn release(folder: &str) -> Command {
    cargo(&format!(
        "run --release --quiet --locked --manifest-path {folder}/Cargo.toml --target-dir target --"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_none_is_refused_with_those_there_are() {
        let mut run = Run::new();
        let error = soak(&mut run, "flood", &[]).unwrap_err().to_string();
        assert_eq!(
            error,
            "there is no flood, but timing, cold, refresh, scale, purge, contested, acknowledged, outbox, \
             tokens, cache, faults, valkey"
        );
    }

    #[test]
    fn arguments_that_nobody_reads_are_refused() {
        let mut run = Run::new();
        for name in ["timing", OUTBOX, "tokens"] {
            let error = soak(&mut run, name, &["7"]).unwrap_err().to_string();
            assert_eq!(error, format!("{name} takes no arguments"));
        }
    }
}
