use std::{
    env,
    ffi::OsString,
    fs,
    net::Ipv4Addr,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use rustix::process::Signal;

use super::{
    ServerError,
    folder::{Folder, on_free_port, password},
    locate,
    process::Process,
};

/// A PostgreSQL of one's own, with real `fsync`; gone when dropped.
///
/// ```no_run
/// # async fn example() -> Result<(), auth_testkit::servers::ServerError> {
/// let postgres = auth_testkit::servers::Postgres::start_with(&[("max_connections", "20")]).await?;
/// assert!(postgres.url().starts_with("postgres://"));
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Postgres {
    process: Process,
    port: u16,
    password: String,
}

impl Postgres {
    /// Makes an empty cluster and starts a server on it with PostgreSQL's own defaults.
    ///
    /// # Errors
    /// [`ServerError::NotInstalled`] without PostgreSQL on this machine; the others if it cannot be prepared or does not start.
    pub async fn start() -> Result<Self, ServerError> {
        Self::start_with(&[]).await
    }

    /// As [`start`](Self::start), with settings as in `postgresql.conf`.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn start_with(settings: &[(&str, &str)]) -> Result<Self, ServerError> {
        Self::start_in(&env::temp_dir(), settings).await
    }

    /// As [`start_with`](Self::start_with), with its folder in `parent`: a disk of a certain size, say.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn start_in(parent: &Path, settings: &[(&str, &str)]) -> Result<Self, ServerError> {
        let programs = locate::postgres_programs()?;
        let password = password()?;
        let folder = initialised(parent.to_owned(), programs.clone(), password.clone()).await?;
        let mut postgres = Self {
            process: Process::new(programs.join("postgres"), folder),
            port: 0,
            password,
        };
        on_free_port(async |port| postgres.start_on(port, settings).await).await?;
        Ok(postgres)
    }

    /// Starts a standby that follows this server, which must run: a copy of its data, streamed from it from now on.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn start_replica(&self) -> Result<Self, ServerError> {
        let programs = locate::postgres_programs()?;
        let folder = copied(programs.clone(), self.url()).await?;
        let mut replica = Self {
            process: Process::new(programs.join("postgres"), folder),
            port: 0,
            password: self.password.clone(),
        };
        on_free_port(async |port| replica.start_on(port, &[]).await).await?;
        Ok(replica)
    }

    /// `postgres://…` for a superuser of the server, in its database `postgres`; the same as long as this handle lives.
    pub fn url(&self) -> String {
        format!(
            "postgres://postgres:{}@{}:{}/postgres",
            self.password,
            Ipv4Addr::LOCALHOST,
            self.port
        )
    }

    /// Pulls the plug: SIGKILL to every process of the server. What was acknowledged must be there after [`restart`](Self::restart).
    ///
    /// # Errors
    /// [`ServerError::System`] if the operating system refuses.
    pub fn kill_9(&mut self) -> Result<(), ServerError> {
        self.process.kill()
    }

    /// Starts the server again, on its port and data; if it runs, it is first shut down in good order.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn restart(&mut self) -> Result<(), ServerError> {
        self.process.stop(Signal::INT).await?;
        self.process.start(self.readiness()).await
    }

    /// Freezes every process of the server (SIGSTOP): connections stay open and nothing answers.
    ///
    /// # Errors
    /// [`ServerError::System`] if the operating system refuses.
    pub fn freeze(&self) -> Result<(), ServerError> {
        self.process.signal_all(Signal::STOP)
    }

    /// Continues after [`freeze`](Self::freeze).
    ///
    /// # Errors
    /// [`ServerError::System`] if the operating system refuses.
    pub fn thaw(&self) -> Result<(), ServerError> {
        self.process.signal_all(Signal::CONT)
    }

    async fn start_on(&mut self, port: u16, settings: &[(&str, &str)]) -> Result<(), ServerError> {
        self.port = port;
        let mut arguments: Vec<OsString> = vec!["-D".into(), self.data().into()];
        // Loopback only: the path of a socket in a temporary folder may be longer than the kernel allows.
        let listen = [
            ("listen_addresses", "127.0.0.1"),
            ("port", &port.to_string()),
            ("unix_socket_directories", ""),
        ]
        .map(setting);
        arguments.extend(
            listen
                .into_iter()
                .chain(settings.iter().copied().map(setting))
                .flatten(),
        );
        self.process.set_arguments(arguments);
        self.process.start(self.readiness()).await
    }

    fn data(&self) -> PathBuf {
        data(self.process.folder())
    }

    /// As `pg_ctl` does it: the last line of `postmaster.pid` says so, and the first whether that is this server's file or its
    /// killed predecessor's.
    fn readiness(&self) -> impl Fn(u32) -> bool + Clone + Send + 'static {
        let file = self.data().join("postmaster.pid");
        move |id| {
            let contents = fs::read_to_string(&file).unwrap_or_default();
            let mut lines = contents.lines().map(str::trim);
            lines.next() == Some(id.to_string().as_str())
                && matches!(lines.next_back(), Some("ready" | "standby"))
        }
    }
}

fn setting((name, value): (&str, &str)) -> [OsString; 2] {
    ["-c".into(), format!("{name}={value}").into()]
}

fn data(folder: &Folder) -> PathBuf {
    folder.path().join("data")
}

/// A folder with a copy of the cluster at `url`, which follows it.
async fn copied(programs: PathBuf, url: String) -> Result<Folder, ServerError> {
    tokio::task::spawn_blocking(move || {
        let folder = Folder::new("replica", locate::unprivileged_user()?)?;
        let mut command = Command::new(programs.join("pg_basebackup"));
        command.arg("-D").arg(data(&folder)).args([
            "--write-recovery-conf",
            "--checkpoint=fast",
            "--no-sync",
            "-d",
            &url,
        ]);
        run(command, &folder)?;
        Ok(folder)
    })
    .await
    .unwrap_or_else(|failed| {
        Err(ServerError::system("copy PostgreSQL's folder")(
            failed.into(),
        ))
    })
}

/// A folder with an empty cluster.
async fn initialised(
    parent: PathBuf,
    programs: PathBuf,
    password: String,
) -> Result<Folder, ServerError> {
    tokio::task::spawn_blocking(move || {
        let folder = Folder::new_in(&parent, "postgres", locate::unprivileged_user()?)?;
        initdb(&programs.join("initdb"), &folder, &password)?;
        Ok(folder)
    })
    .await
    .unwrap_or_else(|failed| {
        Err(ServerError::system("prepare PostgreSQL's folder")(
            failed.into(),
        ))
    })
}

fn initdb(program: &Path, folder: &Folder, password: &str) -> Result<(), ServerError> {
    let password = folder.write("password", password)?;
    let mut command = Command::new(program);
    command
        .arg("-D")
        .arg(data(folder))
        .arg("--pwfile")
        .arg(password)
        // Not `scram-sha-256`: it would cost every connection of an unoptimised client thousands of hashes.
        .args([
            "--username=postgres",
            "--auth=password",
            "--encoding=UTF8",
            "--locale=C",
        ])
        // For this program alone: an empty cluster that a crash of the machine would damage is of no use to anybody.
        .args(["--no-sync", "--no-instructions"]);
    run(command, folder)
}

fn run(mut command: Command, folder: &Folder) -> Result<(), ServerError> {
    let program = PathBuf::from(command.get_program());
    command.current_dir(folder.path());
    if let Some(owner) = folder.owner() {
        command.uid(owner.user).gid(owner.group);
    }
    let output = command
        .output()
        .map_err(ServerError::system(format!("run {}", program.display())))?;
    if output.status.success() {
        return Ok(());
    }
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(ServerError::Exited {
        program,
        status: output.status,
        log,
    })
}
