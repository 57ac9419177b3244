//! Steps: one command each, timed, and the first that fails ends the run.

use std::{
    env, io,
    path::{Path, PathBuf},
    process::{Command, ExitCode, ExitStatus},
    time::Duration,
};

/// What was run so far, and how long each step took.
#[derive(Debug, Default)]
pub struct Run {
    done: Vec<Done>,
    warnings: Vec<String>,
}

#[derive(Debug)]
struct Done {
    step: String,
    took: Duration,
    passed: bool,
}

/// Why a run ended early.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// A step's command failed.
    #[error("`{step}` failed: {status}")]
    Step {
        /// The step.
        step: String,
        /// Its command's status, which becomes ours.
        status: ExitStatus,
    },
    /// A step's command could not be run at all.
    #[error("`{step}` cannot be run: {source}")]
    NotRun {
        /// The step.
        step: String,
        /// What the operating system answered.
        source: io::Error,
    },
    /// A throw-away server could not be had.
    #[error(transparent)]
    Server(#[from] auth_testkit::servers::ServerError),
    /// `cargo metadata` failed.
    #[error(transparent)]
    Metadata(#[from] cargo_metadata::Error),
    /// Something else, said in full.
    #[error("{0}")]
    Other(String),
}

impl Failure {
    /// The failed command's own status where there is one.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Step { status, .. } => status
                .code()
                .and_then(|code| u8::try_from(code).ok())
                .map_or(ExitCode::FAILURE, ExitCode::from),
            _ => ExitCode::FAILURE,
        }
    }
}

impl Run {
    /// Nothing done yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs a command as a step.
    ///
    /// # Errors
    /// [`Failure::Step`] if it fails, [`Failure::NotRun`] if it cannot be run.
    pub fn step(&mut self, step: &str, command: &mut Command) -> Result<(), Failure> {
        self.step_that_ends(step, command, 0)
    }

    /// Runs a command as a step that is done when it ends with `status`, whatever that says elsewhere.
    ///
    /// # Errors
    /// [`Failure::Step`] if it ends otherwise, [`Failure::NotRun`] if it cannot be run.
    pub fn step_that_ends(
        &mut self,
        step: &str,
        command: &mut Command,
        with: i32,
    ) -> Result<(), Failure> {
        println!("\n── {step}");
        self.time(step, || match command.status() {
            Ok(status) if status.code() == Some(with) => Ok(()),
            Ok(status) => Err(Failure::Step {
                step: step.to_owned(),
                status,
            }),
            Err(source) => Err(Failure::NotRun {
                step: step.to_owned(),
                source,
            }),
        })
    }

    /// Runs anything else as a step.
    ///
    /// # Errors
    /// Those of `work`.
    pub fn time<T>(
        &mut self,
        step: &str,
        work: impl FnOnce() -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        #[expect(
            clippy::disallowed_methods,
            reason = "the time shown to whoever waits is the machine's"
        )]
        let now = std::time::Instant::now;
        let start = now();
        let outcome = work();
        self.done.push(Done {
            step: step.to_owned(),
            took: now() - start,
            passed: outcome.is_ok(),
        });
        outcome
    }

    /// Says something that must not scroll out of sight: now, and again at the end.
    pub fn warn(&mut self, warning: String) {
        println!("\n!! {warning}");
        self.warnings.push(warning);
    }

    /// Prints each step with its seconds, and the warnings.
    pub fn summarise(&self) {
        println!();
        for Done { step, took, passed } in &self.done {
            println!(
                "{:>4} {:>7.1} s  {step}",
                if *passed { "ok" } else { "FAIL" },
                took.as_secs_f64()
            );
        }
        for warning in &self.warnings {
            println!("  !! {warning}");
        }
    }
}

/// `cargo …` in the workspace's root; `arguments` are separated by spaces.
pub fn cargo(arguments: &str) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .args(arguments.split_whitespace())
        .current_dir(root());
    command
}

/// The workspace's root.
pub fn root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_failing_step_gives_the_exit_status() {
        let failure = Run::new()
            .step("fails", Command::new("sh").args(["-c", "exit 7"]))
            .unwrap_err();
        assert_eq!(failure.exit_code(), ExitCode::from(7));
    }

    #[test]
    fn a_step_that_must_find_something_fails_when_it_finds_nothing() {
        let ends = |with| {
            let mut command = Command::new("sh");
            command.args(["-c", "exit 1"]);
            Run::new().step_that_ends("finds", &mut command, with)
        };
        assert!(ends(1).is_ok());
        assert!(ends(2).is_err());
        let passes = Run::new().step_that_ends("finds nothing", &mut Command::new("true"), 1);
        assert!(passes.is_err());
    }

    #[test]
    fn a_step_that_cannot_be_run_fails() {
        let failure = Run::new()
            .step("absent", &mut Command::new("/nonexistent/program"))
            .unwrap_err();
        assert_eq!(failure.exit_code(), ExitCode::FAILURE);
    }
}
