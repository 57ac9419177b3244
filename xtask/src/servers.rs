//! One PostgreSQL and one Redis for a whole test run.

use std::{io, thread};

use auth_testkit::servers::{POSTGRES_URL, Postgres, REDIS_URL, Redis, installed};

use crate::{
    install,
    run::{Failure, Run},
};

/// Every test process has pools of its own.
const SETTINGS: &[(&str, &str)] = &[("max_connections", "300")];

/// Stopped when dropped, or when this process dies.
#[derive(Debug)]
pub struct Servers {
    postgres: Postgres,
    redis: Redis,
}

impl Servers {
    /// Starts both, after installing what is missing.
    ///
    /// # Errors
    /// If something is missing and cannot be installed, or a server does not start.
    pub fn start(run: &mut Run) -> Result<Self, Failure> {
        if installed().is_err() {
            install::servers(run)?;
        }
        run.time("servers", start)
    }

    /// The environment variables that tell tests where the servers are.
    pub fn environment(&self) -> [(&'static str, String); 2] {
        [
            (POSTGRES_URL, self.postgres.url()),
            (REDIS_URL, self.redis.url()),
        ]
    }
}

/// `cargo xtask servers`: starts both, says where they are, and waits for ctrl-c, after which their watchers stop them.
///
/// # Errors
/// As [`Servers::start`].
pub fn serve(run: &mut Run) -> Result<(), Failure> {
    let servers = Servers::start(run)?;
    for (name, value) in servers.environment() {
        println!("export {name}={value}");
    }
    loop {
        thread::park();
    }
}

fn start() -> Result<Servers, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .map_err(|source: io::Error| Failure::NotRun {
            step: "servers".into(),
            source,
        })?;
    runtime.block_on(async {
        let postgres = Postgres::start_with(SETTINGS).await?;
        let redis = Redis::start().await?;
        Ok(Servers { postgres, redis })
    })
}
