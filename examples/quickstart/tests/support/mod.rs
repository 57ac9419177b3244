//! The quickstart as a process of its own.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    dead_code,
    unreachable_pub,
    missing_debug_implementations,
    reason = "helpers, not all used by each test"
)]

use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

pub const PASSWORD: &str = "correct horse battery staple";

/// A running quickstart; it is killed when this is dropped.
pub struct Quickstart {
    pub base: String,
    pub child: Child,
    /// What it has written to its standard error so far.
    pub log: Arc<Mutex<Vec<u8>>>,
}

pub fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_quickstart"));
    command
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

impl Quickstart {
    pub async fn start(database: &Path, log_level: &str) -> Self {
        let database = database.to_str().unwrap();
        let mut child = command(&["--port", "0", "--database", database])
            .env("RUST_LOG", log_level)
            .spawn()
            .unwrap();
        let mut stderr = child.stderr.take().unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let collected = log.clone();
        tokio::spawn(async move {
            let mut chunk = vec![0; 64 * 1024];
            while let Ok(read @ 1..) = stderr.read(&mut chunk).await {
                collected.lock().unwrap().extend_from_slice(&chunk[..read]);
            }
        });
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = timeout(Duration::from_secs(30), lines.next_line())
            .await
            .unwrap()
            .unwrap();
        let first = first.unwrap_or_else(|| {
            panic!(
                "it did not start: {}",
                String::from_utf8_lossy(&log.lock().unwrap())
            )
        });
        let base = first
            .split_whitespace()
            .nth(2)
            .unwrap()
            .trim_end_matches(':')
            .to_owned();
        // Keep the pipe open and empty.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Self { base, child, log }
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// SIGKILL, and wait until it is gone.
    pub async fn kill_9(mut self) {
        self.child.kill().await.unwrap();
    }
}

pub fn credentials(identifier: &str) -> serde_json::Value {
    json!({ "identifier": identifier, "password": PASSWORD })
}
