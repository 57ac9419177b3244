use std::{io, path::PathBuf, process::ExitStatus};

/// Why a throw-away server could not be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// The program is not on this machine.
    #[error(
        "`{program}` is not installed. `cargo xtask test` installs it; so does: apt-get install -y {package}"
    )]
    NotInstalled {
        /// What was looked for.
        program: &'static str,
        /// The Debian package that has it.
        package: &'static str,
    },
    /// The server, or the program that prepares its folder, gave up.
    #[error("{} ended with {status}; it said:\n{log}", program.display())]
    Exited {
        /// What was run.
        program: PathBuf,
        /// How it ended.
        status: ExitStatus,
        /// Its last words.
        log: String,
    },
    /// The server runs but never became ready.
    #[error("{} runs but does not answer; it said:\n{log}", program.display())]
    NotReady {
        /// What was run.
        program: PathBuf,
        /// Its last words.
        log: String,
    },
    /// PostgreSQL refuses to run as root, and there is nobody to run it as.
    #[error(
        "PostgreSQL does not run as root, and /etc/passwd names neither `postgres` nor `nobody`"
    )]
    NoUser,
    /// The operating system refused.
    #[error("cannot {action}")]
    System {
        /// What was attempted.
        action: String,
        /// What it answered.
        source: io::Error,
    },
}

impl ServerError {
    pub(super) fn system(action: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let action = action.into();
        move |source| Self::System { action, source }
    }

    /// Somebody took our port between finding it free and binding it.
    pub(super) fn is_port_taken(&self) -> bool {
        let says_so = |log: &str| log.to_lowercase().contains("address already in use");
        matches!(self, Self::Exited { log, .. } if says_so(log))
    }
}
