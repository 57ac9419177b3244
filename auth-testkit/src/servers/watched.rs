//! A running server, and the watcher that ends it when we die first.

use std::{
    ffi::OsString,
    fs::{self, File},
    io::{self, Write as _},
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    thread,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};

use super::{ServerError, folder::Folder};

/// Becomes the server, after leaving behind a watcher that reads our end of a pipe.
///
/// A line means that the server was stopped in good order. The end of the pipe means that we are dead, however we died: the
/// kernel closes it for us. The watcher is forked twice, or the server would find a stranger among its children (PostgreSQL
/// takes one that ends badly for a crash). It ignores SIGHUP, which the kernel sends to a process group that loses its last
/// parent outside while a member is frozen.
const WATCHED: &str = r#"
folder=$1; shift
exec 3<&0 </dev/null
( (
    trap '' HUP
    read -r _ <&3 && exit
    kill -STOP $$
    for status in $(grep -ls "^PPid:[[:space:]]*$$\$" /proc/[0-9]*/status); do
        child=${status#/proc/}
        kill -KILL "${child%/status}"
    done
    kill -KILL $$
    rm -rf "$folder" || { sleep 1; rm -rf "$folder"; }
) & )
exec "$@" 3<&-
"#;

/// How long, in milliseconds, a killed process may take to be gone, and a frozen one to stand still.
const BURIAL: u32 = 5000;

#[derive(Debug)]
pub(super) struct Watched {
    server: Child,
    leash: ChildStdin,
}

impl Watched {
    pub(super) fn spawn(
        program: &Path,
        arguments: &[OsString],
        folder: &Folder,
        log: &Path,
    ) -> Result<Self, ServerError> {
        let log = File::create(log).map_err(ServerError::system("make the server's log"))?;
        let errors = log
            .try_clone()
            .map_err(ServerError::system("share the server's log"))?;
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", WATCHED, "auth-testkit"])
            .arg(folder.path())
            .arg(program)
            .args(arguments)
            .current_dir(folder.path())
            .env("LC_ALL", "C")
            .stdin(Stdio::piped())
            .stdout(log)
            .stderr(errors)
            // A ctrl-c meant for the tests must not reach the server in the middle of a statement.
            .process_group(0);
        if let Some(owner) = folder.owner() {
            command.uid(owner.user).gid(owner.group);
        }
        let spawned = command
            .spawn()
            .and_then(|mut server| match server.stdin.take() {
                Some(leash) => Ok(Self { server, leash }),
                None => Err(io::ErrorKind::BrokenPipe.into()),
            });
        spawned.map_err(ServerError::system(format!("start {}", program.display())))
    }

    pub(super) fn id(&self) -> u32 {
        self.server.id()
    }

    pub(super) fn exit_status(&mut self) -> Result<Option<ExitStatus>, ServerError> {
        self.server
            .try_wait()
            .map_err(ServerError::system("ask after the server"))
    }

    /// Signals the server alone. Its id is its own as long as nobody waited for it, even if it has ended.
    pub(super) fn signal(&self, signal: Signal) -> Result<(), ServerError> {
        let sent = kill_process(Pid::from_child(&self.server), signal);
        sent.map_err(|errno| ServerError::system("signal the server")(errno.into()))
    }

    /// Signals the server and its children, which it returns.
    pub(super) fn signal_all(&self, signal: Signal) -> Result<Vec<Pid>, ServerError> {
        // Frozen, the server starts no more children while they are listed. Until the signal has arrived it does.
        self.signal(Signal::STOP)?;
        for _ in 0..BURIAL {
            if !is_running(self.id()) {
                break;
            }
            thread::sleep(Duration::from_millis(1));
        }
        let children = children(self.id());
        for child in &children {
            // It may have ended meanwhile.
            let _ = kill_process(*child, signal);
        }
        self.signal(signal)?;
        Ok(children)
    }

    /// SIGKILL to all; returns when they are gone.
    pub(super) fn kill(mut self) -> Result<(), ServerError> {
        let children = self.signal_all(Signal::KILL)?;
        self.server
            .wait()
            .map_err(ServerError::system("wait for the server's end"))?;
        // While a child lives, PostgreSQL refuses to start again in the same folder.
        for _ in 0..BURIAL {
            if !children.iter().any(|child| is_alive(*child)) {
                break;
            }
            thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }
}

impl Drop for Watched {
    /// Dismisses the watcher once the server is gone: its id may soon be another's. Otherwise the end of the pipe calls it.
    fn drop(&mut self) {
        if matches!(self.server.try_wait(), Ok(Some(_))) {
            let _ = self.leash.write_all(b"stopped\n");
        }
    }
}

/// Empty where there is no `/proc`.
fn children(parent: u32) -> Vec<Pid> {
    let parent = parent.to_string();
    let is_child = |status: String| {
        let mut lines = status.lines();
        lines
            .find_map(|line| line.strip_prefix("PPid:"))
            .is_some_and(|id| id.trim() == parent)
    };
    fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| fs::read_to_string(entry.path().join("status")).is_ok_and(is_child))
        .filter_map(|entry| Pid::from_raw(entry.file_name().to_str()?.parse().ok()?))
        .collect()
}

/// Neither gone nor a zombie that init has not buried yet.
fn is_alive(id: Pid) -> bool {
    let status = fs::read_to_string(format!("/proc/{id}/status"));
    status.is_ok_and(|status| !status.lines().any(|line| line.starts_with("State:\tZ")))
}

/// Neither stopped nor gone (proc(5)).
fn is_running(id: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let state = status
        .lines()
        .find_map(|line| line.strip_prefix("State:\t"));
    state.is_some_and(|state| state.starts_with(['R', 'S', 'D']))
}
