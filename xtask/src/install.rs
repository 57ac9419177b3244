//! Installing what tests and benchmarks need beside Rust, on a Debian where we
//! may.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use crate::run::{Failure, Run};

const SERVERS: [&str; 4] = ["nats-server", "pgbouncer", "postgresql", "redis-server"];

/// Debian's packages start their services and make a cluster. Present while they are installed, these files forbid both.
const QUIET: [(&str, &str); 2] = [
    ("/usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n"),
    (
        "/etc/postgresql-common/createcluster.d/no-main-cluster.conf",
        "create_main_cluster = false\n",
    ),
];

/// Installs PostgreSQL, PgBouncer, Redis and NATS without questions, services or clusters.
///
/// # Errors
/// Those of the first command that fails: without apt-get or root, the line to run by hand.
pub(crate) fn servers(run: &mut Run) -> Result<(), Failure> {
    let quiet = || {
        QUIET
            .iter()
            .map(|(path, contents)| Temporary::write(path.as_ref(), contents))
            .collect::<io::Result<Vec<_>>>()
            .map_err(|source| Failure::NotRun {
                step: "keep the services from starting".into(),
                source,
            })
    };
    packages(
        run,
        "the tests need PostgreSQL, PgBouncer, Redis and NATS",
        &SERVERS,
        quiet,
    )
}

/// Installs `packages`, with what `around` gives in force, because of what `need` says.
///
/// # Errors
/// As [`servers`].
pub(crate) fn packages<T>(
    run: &mut Run,
    need: &str,
    packages: &[&str],
    around: impl FnOnce() -> Result<T, Failure>,
) -> Result<(), Failure> {
    if !Path::new("/usr/bin/apt-get").exists() || !rustix::process::geteuid().is_root() {
        let packages = packages.join(" ");
        return Err(Failure::Other(format!(
            "{need}; as root: apt-get update && apt-get install -y {packages}"
        )));
    }
    let _around = around()?;
    run.step("package lists", &mut apt_get(&["update"]))?;
    run.step(
        &format!("install {}", packages.join(", ")),
        apt_get(&["install", "-y", "--no-install-recommends"]).args(packages),
    )
}

fn apt_get(arguments: &[&str]) -> Command {
    let mut command = Command::new("/usr/bin/apt-get");
    command
        // Another installation may be under way; a mirror may be slow for a moment.
        .args([
            "-q",
            "-o",
            "DPkg::Lock::Timeout=300",
            "-o",
            "Acquire::Retries=3",
        ])
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive");
    command
}

/// A file that was not there before and will not be there after.
struct Temporary(Option<PathBuf>);

impl Temporary {
    /// Does nothing if there is one, whose purpose we do not know.
    fn write(path: &Path, contents: &str) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        match OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o755)
            .open(path)
        {
            Ok(mut file) => file
                .write_all(contents.as_bytes())
                .map(|()| Self(Some(path.to_owned()))),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(Self(None)),
            Err(error) => Err(error),
        }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            let _ = fs::remove_file(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_was_there_stays_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("policy");
        fs::write(&path, "theirs").unwrap();
        drop(Temporary::write(&path, "ours").unwrap());
        assert_eq!(fs::read_to_string(&path).unwrap(), "theirs");
    }

    #[test]
    fn a_file_of_ours_leaves_with_us() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/policy");
        let ours = Temporary::write(&path, "ours").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "ours");
        drop(ours);
        assert!(!path.exists());
    }
}
