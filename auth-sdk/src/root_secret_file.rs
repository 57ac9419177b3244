//! The root secret in a file: for a service on one machine.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use auth_core::{EntropyError, RootSecret, RootSecretError, SystemRandom, draw};
use zeroize::Zeroizing;

/// A root secret cannot be kept in or read from a file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RootSecretFileError {
    /// The file cannot be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Others than its owner may read the file.
    #[error("{}: others than its owner may read it; `chmod 600` it, or draw a new secret", .0.display())]
    Exposed(PathBuf),
    /// The file does not hold a root secret.
    #[error("{}: {source}", path.display())]
    Invalid {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        source: RootSecretError,
    },
    /// There is no randomness for a new secret.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
}

/// Reads the root secret in the file at `path`; makes one, readable by its
/// owner alone, if there is no such file. It is for one machine: several
/// instances need the same secret, from wherever secrets are kept.
///
/// Whoever loses the file loses every session and every signing key with it:
/// back it up with the database, and apart from it.
///
/// # Errors
/// [`RootSecretFileError`] when the file cannot be used; an existing file is
/// never replaced.
pub fn root_secret_file(path: impl AsRef<Path>) -> Result<RootSecret, RootSecretFileError> {
    let path = path.as_ref();
    let io_error = |source| RootSecretFileError::Io {
        path: path.to_owned(),
        source,
    };
    if !path.try_exists().map_err(io_error)? {
        let secret = RootSecret::generate(&SystemRandom::new())?;
        let suffix = u64::from_be_bytes(draw(&SystemRandom::new())?);
        create(path, &secret, suffix).map_err(io_error)?;
    }
    // Read back in either case: another process may have been first.
    let file = File::open(path).map_err(io_error)?;
    if exposed(&file).map_err(io_error)? {
        return Err(RootSecretFileError::Exposed(path.to_owned()));
    }
    let mut text = Zeroizing::new(String::new());
    file.take(1024)
        .read_to_string(&mut text)
        .map_err(io_error)?;
    RootSecret::from_base64(&text).map_err(|source| RootSecretFileError::Invalid {
        path: path.to_owned(),
        source,
    })
}

/// Never shows a file that is half written, and replaces none that is there.
fn create(path: &Path, secret: &RootSecret, suffix: u64) -> io::Result<()> {
    let mut draft = path.as_os_str().to_owned();
    draft.push(format!(".{suffix:016x}"));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&draft)?;
    let written = file
        .write_all(secret.to_base64().expose().as_bytes())
        .and_then(|()| file.write_all(b"\n"))
        .and_then(|()| file.sync_all())
        .and_then(|()| match fs::hard_link(&draft, path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            linked => linked,
        });
    fs::remove_file(&draft)?;
    written?;
    // The name must survive a power failure as the database does.
    #[cfg(unix)]
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

#[cfg(unix)]
fn exposed(file: &File) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    Ok(file.metadata()?.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn exposed(_file: &File) -> io::Result<bool> {
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_is_made_once_and_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("auth.secret");
        let made = root_secret_file(&path).unwrap();
        assert_eq!(root_secret_file(&path).unwrap().id(), made.id());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_may_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("auth.secret");
        root_secret_file(&path).unwrap();
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(
            root_secret_file(&path),
            Err(RootSecretFileError::Exposed(_))
        ));
    }

    #[test]
    fn a_file_that_holds_something_else_is_named_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("auth.secret");
        fs::write(&path, "my notes").unwrap();
        #[cfg(unix)]
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        let error = root_secret_file(&path).unwrap_err();
        assert!(error.to_string().contains("auth.secret"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "my notes");
        assert!(root_secret_file(folder.path().join("no/such/folder")).is_err());
    }
}
