//! No server outlives whoever started it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod client;

use std::{
    fs,
    io::{BufRead as _, BufReader},
    os::unix::fs::PermissionsExt as _,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use client::{ping, psql, sql};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

#[test]
fn servers_die_with_a_process_that_is_killed() {
    let mut owner = Owner::start();
    owner.process.kill().unwrap();
    owner.assert_nothing_is_left();
}

#[test]
fn frozen_servers_die_with_a_process_that_is_killed() {
    let mut owner = Owner::start();
    let servers = children(owner.process.id());
    assert_eq!(servers.len(), 2);
    for server in servers {
        for process in children(server.as_raw_pid().unsigned_abs())
            .into_iter()
            .chain([server])
        {
            kill_process(process, Signal::STOP).unwrap();
        }
    }
    owner.process.kill().unwrap();
    owner.assert_nothing_is_left();
}

/// A process with one server of each, in a folder for its temporary files.
struct Owner {
    process: Child,
    urls: [String; 2],
    servers: Vec<Pid>,
    temporary: TempDir,
}

impl Owner {
    fn start() -> Self {
        let temporary = tempfile::tempdir().unwrap();
        // As /tmp: PostgreSQL may run as somebody else.
        fs::set_permissions(temporary.path(), fs::Permissions::from_mode(0o1777)).unwrap();
        let mut process = Command::new(env!("CARGO_BIN_EXE_xtask"))
            .arg("servers")
            .env("TMPDIR", temporary.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut url = |prefix: &str| {
            lines
                .next()
                .unwrap()
                .unwrap()
                .strip_prefix(prefix)
                .unwrap()
                .to_owned()
        };
        let urls = [
            url("export AUTH_TEST_POSTGRES_URL="),
            url("export AUTH_TEST_REDIS_URL="),
        ];
        assert_eq!(sql(&urls[0], "SELECT 1"), "1");
        assert!(ping(&urls[1]).is_some());
        let servers = children(process.id());
        let all = servers
            .iter()
            .flat_map(|server| children(server.as_raw_pid().unsigned_abs()));
        let servers = all.chain(servers.iter().copied()).collect();
        Self {
            process,
            urls,
            servers,
            temporary,
        }
    }

    fn assert_nothing_is_left(mut self) {
        self.process.wait().unwrap();
        let is_left = || {
            let files = fs::read_dir(self.temporary.path()).unwrap().count();
            let alive: Vec<_> = self
                .servers
                .iter()
                .filter(|server| is_alive(**server))
                .collect();
            (files > 0 || !alive.is_empty())
                .then(|| format!("{files} folders, processes {alive:?}"))
        };
        for _ in 0..500 {
            if is_left().is_none() {
                break;
            }
            thread::sleep(Duration::from_millis(20));
        }
        assert_eq!(is_left(), None);
        assert!(!psql(&self.urls[0], "SELECT 1").status.success());
        assert_eq!(ping(&self.urls[1]), None);
    }
}

fn children(parent: u32) -> Vec<Pid> {
    let parent = format!("PPid:\t{parent}");
    let processes = fs::read_dir("/proc").unwrap().flatten();
    processes
        .filter(|entry| {
            let status = fs::read_to_string(entry.path().join("status"));
            status.is_ok_and(|status| status.lines().any(|line| line == parent))
        })
        .filter_map(|entry| Pid::from_raw(entry.file_name().to_str()?.parse().ok()?))
        .collect()
}

fn is_alive(id: Pid) -> bool {
    let status = fs::read_to_string(format!("/proc/{id}/status"));
    status.is_ok_and(|status| !status.lines().any(|line| line.starts_with("State:\tZ")))
}
