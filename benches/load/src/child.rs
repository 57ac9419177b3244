//! A service in a process of its own.

use std::fs;
use std::net::SocketAddr;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::Failure;
use crate::service::Options;

/// A service that runs; it is ended when this is dropped.
pub(crate) struct Service {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Service {
    /// Starts it, and waits until it says where it listens.
    pub(crate) async fn start(options: &Options) -> Result<Self, Failure> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["serve", &options.to_string()])
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let output = child.stdout.take().ok_or("the service has no output")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line).await?;
        let wrong = |_| format!("{} did not start", options.what);
        let address = line.trim().parse().map_err(wrong)?;
        Ok(Self { child, address })
    }

    /// The memory that it has, in MiB.
    pub(crate) fn resident_mib(&self) -> Result<f64, Failure> {
        self.memory("VmRSS:")
    }

    /// The most memory that it ever had, in MiB.
    pub(crate) fn peak_mib(&self) -> Result<f64, Failure> {
        self.memory("VmHWM:")
    }

    fn memory(&self, name: &str) -> Result<f64, Failure> {
        let id = self.child.id().ok_or("the service has ended")?;
        let status = fs::read_to_string(format!("/proc/{id}/status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kib: f64 = line
            .and_then(|line| line.split_whitespace().next())
            .ok_or("the system does not say how much memory is used")?
            .parse()?;
        Ok(kib / 1024.0)
    }

    /// Ends it, and waits until it has.
    pub(crate) async fn stop(mut self) -> Result<(), Failure> {
        Ok(self.child.kill().await?)
    }
}
