//! One server: started, stopped, killed and frozen, all in one folder.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use rustix::process::Signal;

use super::{ServerError, folder::Folder, watched::Watched};

/// How often a server is asked whether it is ready, and how many times before we give up: half a minute.
const POLL: Duration = Duration::from_millis(20);
const POLLS: u32 = 1500;

/// Where a server's output goes, in its folder.
const LOG: &str = "server.log";

/// A server that runs, or may again.
#[derive(Debug)]
pub(super) struct Process {
    program: PathBuf,
    arguments: Vec<OsString>,
    running: Option<Watched>,
    // Last, so that the server is gone before its folder is removed.
    folder: Folder,
}

impl Process {
    pub(super) fn new(program: PathBuf, folder: Folder) -> Self {
        Self {
            program,
            arguments: Vec::new(),
            running: None,
            folder,
        }
    }

    pub(super) fn folder(&self) -> &Folder {
        &self.folder
    }

    pub(super) fn set_arguments(&mut self, arguments: Vec<OsString>) {
        self.arguments = arguments;
    }

    /// Starts the server and waits until `ready`, given its process id, says so.
    pub(super) async fn start<R>(&mut self, ready: R) -> Result<(), ServerError>
    where
        R: Fn(u32) -> bool + Clone + Send + 'static,
    {
        let log = self.folder.path().join(LOG);
        let running = self.running.insert(Watched::spawn(
            &self.program,
            &self.arguments,
            &self.folder,
            &log,
        )?);
        let id = running.id();
        for _ in 0..POLLS {
            let ready = ready.clone();
            // On the blocking pool, because a test with paused time would skip through `tokio::time::sleep`.
            let answer = tokio::task::spawn_blocking(move || {
                thread::sleep(POLL);
                ready(id)
            });
            if answer.await.unwrap_or(false) {
                return Ok(());
            }
            if let Some(status) = running.exit_status()? {
                self.running = None;
                return Err(ServerError::Exited {
                    program: self.program.clone(),
                    status,
                    log: last_words(&log),
                });
            }
        }
        Err(ServerError::NotReady {
            program: self.program.clone(),
            log: last_words(&log),
        })
    }

    /// Asks the server to end and waits; kills it if it does not. Nothing happens if it does not run.
    pub(super) async fn stop(&mut self, request: Signal) -> Result<(), ServerError> {
        let Some(running) = &mut self.running else {
            return Ok(());
        };
        running.signal_all(Signal::CONT)?;
        running.signal(request)?;
        for _ in 0..POLLS {
            if running.exit_status()?.is_some() {
                self.running = None;
                return Ok(());
            }
            let _ = tokio::task::spawn_blocking(|| thread::sleep(POLL)).await;
        }
        self.kill()
    }

    /// Ends the server and all its children with SIGKILL. Nothing happens if it does not run.
    pub(super) fn kill(&mut self) -> Result<(), ServerError> {
        self.running.take().map_or(Ok(()), Watched::kill)
    }

    /// Stops (SIGSTOP) or continues (SIGCONT) the server and all its children.
    pub(super) fn signal_all(&self, signal: Signal) -> Result<(), ServerError> {
        self.running
            .as_ref()
            .map_or(Ok(()), |running| running.signal_all(signal).map(drop))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Nobody to tell; what still runs is the watcher's.
        let _ = self.kill();
    }
}

fn last_words(log: &Path) -> String {
    let log = fs::read_to_string(log).unwrap_or_default();
    let skipped = log.lines().count().saturating_sub(20);
    log.lines().skip(skipped).collect::<Vec<_>>().join("\n")
}
