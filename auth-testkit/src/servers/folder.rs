//! A server's own folder, password and port.

use std::{
    env,
    fmt::Write as _,
    fs::{self, File},
    io::Read as _,
    net::{Ipv4Addr, TcpListener},
    os::unix::fs::chown,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use tempfile::TempDir;

use super::ServerError;

/// The user a server runs as, when that is not us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Owner {
    pub(super) user: u32,
    pub(super) group: u32,
}

/// A temporary folder only its server and we (or root) can enter.
#[derive(Debug)]
pub(super) struct Folder {
    inner: TempDir,
    owner: Option<Owner>,
}

impl Folder {
    pub(super) fn new(server: &str, owner: Option<Owner>) -> Result<Self, ServerError> {
        Self::new_in(&env::temp_dir(), server, owner)
    }

    pub(super) fn new_in(
        parent: &Path,
        server: &str,
        owner: Option<Owner>,
    ) -> Result<Self, ServerError> {
        let inner = tempfile::Builder::new()
            .prefix(&format!("auth-testkit-{server}-"))
            .tempdir_in(parent)
            .map_err(ServerError::system("make a temporary folder"))?;
        let folder = Self { inner, owner };
        folder.hand_over(folder.path())?;
        Ok(folder)
    }

    pub(super) fn path(&self) -> &Path {
        self.inner.path()
    }

    pub(super) fn owner(&self) -> Option<Owner> {
        self.owner
    }

    /// Writes a file the server can read.
    pub(super) fn write(&self, name: &str, contents: &str) -> Result<PathBuf, ServerError> {
        let path = self.path().join(name);
        fs::write(&path, contents)
            .map_err(ServerError::system(format!("write {}", path.display())))?;
        self.hand_over(&path)?;
        Ok(path)
    }

    fn hand_over(&self, path: &Path) -> Result<(), ServerError> {
        let Some(Owner { user, group }) = self.owner else {
            return Ok(());
        };
        chown(path, Some(user), Some(group)).map_err(ServerError::system(format!(
            "change the owner of {}",
            path.display()
        )))
    }
}

impl Drop for Folder {
    /// A killed server's children may still finish a write, and a folder that is being written to cannot be removed.
    fn drop(&mut self) {
        for _ in 0..20 {
            if fs::remove_dir_all(self.path()).is_ok() {
                return;
            }
            thread::sleep(Duration::from_millis(50));
        }
    }
}

/// How many ports are tried before bad luck becomes an error.
const PORTS: u32 = 5;

/// Starts something on a free port; on another one if somebody was faster.
pub(super) async fn on_free_port(
    mut start: impl AsyncFnMut(u16) -> Result<(), ServerError>,
) -> Result<(), ServerError> {
    for _ in 1..PORTS {
        match start(free_port()?).await {
            Err(error) if error.is_port_taken() => {}
            outcome => return outcome,
        }
    }
    start(free_port()?).await
}

/// A port that was free a moment ago.
pub(super) fn free_port() -> Result<u16, ServerError> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(ServerError::system("find a free port"))
}

/// 128 random bits: a superuser without a password on loopback would hand this account to every other user of the machine.
pub(super) fn password() -> Result<String, ServerError> {
    let mut bytes = [0; 16];
    File::open("/dev/urandom")
        .and_then(|mut source| source.read_exact(&mut bytes))
        .map_err(ServerError::system("read /dev/urandom"))?;
    Ok(bytes.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    }))
}
