use std::{
    fmt::Write as _,
    io::{self, Read as _, Write as _},
    net::{Ipv4Addr, TcpStream},
    time::Duration,
};

use rustix::process::Signal;

use super::{
    ServerError,
    folder::{Folder, on_free_port, password},
    locate,
    process::Process,
};

/// A Redis of one's own; gone when dropped. It saves nothing, so that it comes back empty, unless settings say otherwise.
///
/// ```no_run
/// # async fn example() -> Result<(), auth_testkit::servers::ServerError> {
/// let redis = auth_testkit::servers::Redis::start_with(&[("appendonly", "yes")]).await?;
/// assert!(redis.url().starts_with("redis://"));
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Redis {
    process: Process,
    port: u16,
    password: String,
}

impl Redis {
    /// Starts an empty server.
    ///
    /// # Errors
    /// [`ServerError::NotInstalled`] without `redis-server` on this machine; the others if it does not start.
    pub async fn start() -> Result<Self, ServerError> {
        Self::start_with(&[]).await
    }

    /// As [`start`](Self::start), with settings as in `redis.conf`.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn start_with(settings: &[(&str, &str)]) -> Result<Self, ServerError> {
        let process = Process::new(locate::redis_server()?, Folder::new("redis", None)?);
        let mut redis = Self {
            process,
            port: 0,
            password: password()?,
        };
        on_free_port(async |port| redis.start_on(port, settings).await).await?;
        Ok(redis)
    }

    /// `redis://…` with its password; the same as long as this handle lives.
    pub fn url(&self) -> String {
        format!(
            "redis://:{}@{}:{}/",
            self.password,
            Ipv4Addr::LOCALHOST,
            self.port
        )
    }

    /// SIGKILL.
    ///
    /// # Errors
    /// [`ServerError::System`] if the operating system refuses.
    pub fn kill_9(&mut self) -> Result<(), ServerError> {
        self.process.kill()
    }

    /// Starts the server again on its port; if it runs, it is first shut down in good order.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn restart(&mut self) -> Result<(), ServerError> {
        self.process.stop(Signal::TERM).await?;
        self.process.start(self.readiness()).await
    }

    /// Freezes the server (SIGSTOP): connections stay open and nothing answers.
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
        // A file, not arguments: every user of the machine can read those.
        let mut contents = format!(
            "bind 127.0.0.1\nport {port}\nrequirepass {}\ndir \"{}\"\nsave \"\"\nappendonly no\n",
            self.password,
            self.process.folder().path().display(),
        );
        for (name, value) in settings {
            let _ = writeln!(contents, "{name} {value}");
        }
        let file = self.process.folder().write("redis.conf", &contents)?;
        self.process.set_arguments(vec![file.into()]);
        self.process.start(self.readiness()).await
    }

    /// It takes our password, so it is not a stranger who got the port first.
    fn readiness(&self) -> impl Fn(u32) -> bool + Clone + Send + 'static {
        let (port, password) = (self.port, self.password.clone());
        move |_| log_in(port, &password).is_ok_and(|answer| answer == *b"+OK\r\n")
    }
}

fn log_in(port: u16, password: &str) -> io::Result<[u8; 5]> {
    let mut connection = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    connection.set_read_timeout(Some(Duration::from_secs(1)))?;
    connection.write_all(format!("AUTH {password}\r\n").as_bytes())?;
    let mut answer = [0; 5];
    connection.read_exact(&mut answer)?;
    Ok(answer)
}
