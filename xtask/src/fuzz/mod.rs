//! `cargo xtask fuzz`: libFuzzer on everything that strangers send.

mod build;
mod figures;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::run::{Failure, Run, root};
use figures::Figures;

/// What is fuzzed, and the words that its inputs are made of. Each has a file
/// in `fuzz/fuzz_targets` and a check in `fuzz/src/checks`.
pub const TARGETS: &[(&str, &str)] = &[
    ("token", "jose"),
    ("signed", "jose"),
    ("header", "jose"),
    ("claims", "jose"),
    ("jwk", "key"),
    ("jwks", "key"),
    ("pem", "key"),
    ("ed25519", "ed25519"),
    ("refresh_token", "text"),
    ("reset_token", "text"),
    ("api_key", "text"),
    ("authorization", "text"),
    ("phc", "text"),
];

/// What `ci --full` gives each target.
pub const SHORT_SECONDS: u32 = 20;

/// The same first steps each time; how far they lead depends on the machine.
const SEED: u32 = 1;

/// The longest input: what half of the longest token holds.
const MAX_BYTES: u32 = 4096;

/// One input that takes longer than this is a finding.
const TIMEOUT_SECONDS: u32 = 20;

/// One input that takes more memory than this is a finding.
const MEMORY_MB: u32 = 2048;

/// What to fuzz, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// One target; all of them if there is none.
    pub target: Option<String>,
    /// The seconds for each.
    pub seconds: u32,
}

impl Default for Request {
    fn default() -> Self {
        Self {
            target: None,
            seconds: SHORT_SECONDS,
        }
    }
}

impl Request {
    /// Reads `[TARGET] [--seconds N]`; `None` if it is something else.
    pub fn parse(arguments: &[&str]) -> Option<Self> {
        let (target, rest) = match *arguments {
            [target, ref rest @ ..] if !target.starts_with('-') => (Some(target), rest),
            ref rest => (None, rest),
        };
        let seconds = match *rest {
            [] => SHORT_SECONDS,
            ["--seconds", seconds] => seconds.parse().ok().filter(|seconds| *seconds > 0)?,
            _ => return None,
        };
        let known = |target: &str| TARGETS.iter().any(|(name, _)| *name == target);
        target.is_none_or(known).then(|| Self {
            target: target.map(str::to_owned),
            seconds,
        })
    }
}

/// Builds the targets, writes the inputs to begin with, and fuzzes one target after the other. Inputs that reach
/// something new are kept in `fuzz/corpus`, for the next time.
///
/// # Errors
/// The line that installs what is missing; the first input for which something does not hold.
pub fn fuzz(run: &mut Run, request: &Request) -> Result<(), Failure> {
    let programs = build::build(run)?;
    let seeds = folder().join("target/seeds");
    let not_run = |source| Failure::NotRun {
        step: "write seeds".into(),
        source,
    };
    if seeds.exists() {
        fs::remove_dir_all(&seeds).map_err(not_run)?;
    }
    run.step(
        "write seeds",
        Command::new(programs.join("seeds")).arg(&seeds),
    )?;
    println!("\n── fuzz, {} s each, -seed={SEED}", request.seconds);
    for (target, dictionary) in TARGETS {
        if request.target.as_ref().is_none_or(|only| only == target) {
            let fuzzer = Fuzzer::new(&programs, target).map_err(not_run)?;
            let figures = run.time(&format!("fuzz {target}"), || {
                fuzzer.run(dictionary, &seeds.join(target), request.seconds)
            })?;
            println!("{target:>14}: {figures}");
        }
    }
    Ok(())
}

/// One target at work.
struct Fuzzer<'a> {
    target: &'a str,
    program: PathBuf,
    corpus: PathBuf,
    artifacts: PathBuf,
    log: PathBuf,
}

impl<'a> Fuzzer<'a> {
    fn new(programs: &Path, target: &'a str) -> io::Result<Self> {
        let folder = folder();
        let logs = folder.join("target/logs");
        let fuzzer = Self {
            target,
            program: programs.join(target),
            corpus: folder.join("corpus").join(target),
            artifacts: folder.join("artifacts").join(target),
            log: logs.join(format!("{target}.log")),
        };
        for folder in [&fuzzer.corpus, &fuzzer.artifacts, &logs] {
            fs::create_dir_all(folder)?;
        }
        Ok(fuzzer)
    }

    fn run(&self, dictionary: &str, seeds: &Path, seconds: u32) -> Result<Figures, Failure> {
        let dictionary = folder().join(format!("dictionaries/{dictionary}.dict"));
        let log = File::create(&self.log).map_err(|source| self.not_run(source))?;
        let status = Command::new(&self.program)
            .arg(format!("-max_total_time={seconds}"))
            .arg(format!("-seed={SEED}"))
            .arg(format!("-max_len={MAX_BYTES}"))
            .arg(format!("-timeout={TIMEOUT_SECONDS}"))
            .arg(format!("-rss_limit_mb={MEMORY_MB}"))
            .arg(format!("-dict={}", dictionary.display()))
            // With the slash, a folder.
            .arg(format!("-artifact_prefix={}/", self.artifacts.display()))
            .args([&self.corpus, seeds])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .status()
            .map_err(|source| self.not_run(source))?;
        let log = fs::read(&self.log).map_err(|source| self.not_run(source))?;
        // What did not come to its end held for nothing, whatever its status.
        let figures = Figures::read(&String::from_utf8_lossy(&log));
        match figures {
            Some(figures) if status.success() => Ok(figures),
            _ => Err(Failure::Other(format!(
                "`{}` found an input for which something does not hold.\n  what: {}\n  input: in {}\n  again: {} INPUT",
                self.target,
                self.log.display(),
                self.artifacts.display(),
                self.program.display(),
            ))),
        }
    }

    fn not_run(&self, source: io::Error) -> Failure {
        Failure::NotRun {
            step: format!("fuzz {}", self.target),
            source,
        }
    }
}

fn folder() -> PathBuf {
    root().join("fuzz")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_names_a_known_target_and_a_time_or_is_none() {
        let all = |seconds| Request {
            target: None,
            seconds,
        };
        assert_eq!(Request::parse(&[]), Some(all(SHORT_SECONDS)));
        assert_eq!(Request::parse(&["--seconds", "200"]), Some(all(200)));
        let one = Request::parse(&["jwk", "--seconds", "5"]).unwrap();
        assert_eq!((one.target.as_deref(), one.seconds), (Some("jwk"), 5));
        for bad in [
            &["unknown"][..],
            &["--seconds"],
            &["--seconds", "0"],
            &["--seconds", "x"],
            &["jwk", "jwks"],
            &["jwk", "--seconds", "5", "more"],
        ] {
            assert_eq!(Request::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn every_target_that_there_is_gets_its_turn() {
        let mut files: Vec<String> = fs::read_dir(folder().join("fuzz_targets"))
            .unwrap()
            .map(|file| file.unwrap().path())
            .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
            .collect();
        files.sort();
        let mut targets: Vec<&str> = TARGETS.iter().map(|(target, _)| *target).collect();
        targets.sort_unstable();
        assert_eq!(files, targets);
    }

    #[test]
    fn every_dictionary_is_there() {
        for (target, dictionary) in TARGETS {
            let path = folder().join(format!("dictionaries/{dictionary}.dict"));
            assert!(path.is_file(), "{target} wants {}", path.display());
        }
    }
}
