//! The database file: made for its owner alone, and used by one store.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::error::OpenError;

/// A database file that no other store uses for as long as this lives. When
/// the process dies, however it dies, the system frees the lock.
#[derive(Debug)]
pub(super) struct Claim {
    path: PathBuf,
    _lock: File,
}

impl Claim {
    /// Makes the file if there is none and locks `<path>.lock` beside it.
    pub(super) fn new(given: &Path) -> Result<Self, OpenError> {
        refuse_urls(given)?;
        create(given)?;
        // The same file has the same lock under all its names, and stays the
        // same when the process changes its directory.
        let path = fs::canonicalize(given).map_err(|error| OpenError::io(given, error))?;
        if !path.is_file() {
            return Err(OpenError::NotAFile {
                path: given.to_owned(),
            });
        }
        let lock = private()
            .write(true)
            .create(true)
            .truncate(false)
            .open(beside(&path))
            .map_err(|error| OpenError::io(given, error))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path, _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(OpenError::InUse {
                path: given.to_owned(),
            }),
            Err(TryLockError::Error(error)) => Err(OpenError::io(given, error)),
        }
    }

    /// The file, by an absolute path without links.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

fn refuse_urls(given: &Path) -> Result<(), OpenError> {
    let text = given.to_string_lossy();
    if text.is_empty()
        || text == ":memory:"
        || text.starts_with("sqlite:")
        || text.starts_with("file:")
    {
        return Err(OpenError::NotAPath {
            path: given.to_owned(),
        });
    }
    Ok(())
}

/// Makes an empty file, which is an empty database. A file that exists is not
/// opened: closing it again would free every lock that SQLite holds on it in
/// this process (<https://www.sqlite.org/howtocorrupt.html>, 2.2).
fn create(given: &Path) -> Result<(), OpenError> {
    match private().write(true).create_new(true).open(given) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(OpenError::io(given, error)),
    }
}

/// Files that are made are their owner's alone. SQLite gives its write-ahead
/// log the permissions of the database.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}
