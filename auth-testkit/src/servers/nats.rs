use std::{
    fmt::Write as _,
    io::{self, BufRead as _, BufReader, Write as _},
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

/// A NATS of one's own, with JetStream in its folder; gone when dropped.
///
/// ```no_run
/// # async fn example() -> Result<(), auth_testkit::servers::ServerError> {
/// let nats = auth_testkit::servers::Nats::start_with(&[("max_payload", "16384")]).await?;
/// assert!(nats.url().starts_with("nats://"));
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Nats {
    process: Process,
    port: u16,
    password: String,
}

impl Nats {
    /// Starts a server without streams.
    ///
    /// # Errors
    /// [`ServerError::NotInstalled`] without `nats-server` on this machine; the others if it does not start.
    pub async fn start() -> Result<Self, ServerError> {
        Self::start_with(&[]).await
    }

    /// As [`start`](Self::start), with settings as in its configuration file.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn start_with(settings: &[(&str, &str)]) -> Result<Self, ServerError> {
        let process = Process::new(locate::nats_server()?, Folder::new("nats", None)?);
        let mut nats = Self {
            process,
            port: 0,
            password: password()?,
        };
        on_free_port(async |port| nats.start_on(port, settings).await).await?;
        Ok(nats)
    }

    /// `nats://…`; the same as long as this handle lives.
    pub fn url(&self) -> String {
        format!("nats://{}:{}", Ipv4Addr::LOCALHOST, self.port)
    }

    /// Its one user, and the password.
    pub fn credentials(&self) -> (String, String) {
        ("test".to_owned(), self.password.clone())
    }

    /// SIGKILL.
    ///
    /// # Errors
    /// [`ServerError::System`] if the operating system refuses.
    pub fn kill_9(&mut self) -> Result<(), ServerError> {
        self.process.kill()
    }

    /// Starts the server again on its port, with its streams; if it runs, it is first shut down in good order.
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
            "listen: \"127.0.0.1:{port}\"\nauthorization: {{ user: test, password: \"{}\" }}\njetstream: {{ store_dir: \"{}\" }}\n",
            self.password,
            self.process.folder().path().join("jetstream").display(),
        );
        for (name, value) in settings {
            let _ = writeln!(contents, "{name}: {value}");
        }
        let file = self.process.folder().write("nats.conf", &contents)?;
        self.process.set_arguments(vec!["-c".into(), file.into()]);
        self.process.start(self.readiness()).await
    }

    /// It takes our password, so it is not a stranger who got the port first.
    fn readiness(&self) -> impl Fn(u32) -> bool + Clone + Send + 'static {
        let (port, password) = (self.port, self.password.clone());
        move |_| log_in(port, &password).is_ok_and(|answer| answer == "PONG\r\n")
    }
}

fn log_in(port: u16, password: &str) -> io::Result<String> {
    let mut connection = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    connection.set_read_timeout(Some(Duration::from_secs(1)))?;
    let mut answers = BufReader::new(connection.try_clone()?);
    let mut answer = String::new();
    answers.read_line(&mut answer)?;
    let options =
        format!(r#"{{"user":"test","pass":"{password}","verbose":false,"pedantic":false}}"#);
    connection.write_all(format!("CONNECT {options}\r\nPING\r\n").as_bytes())?;
    answer.clear();
    answers.read_line(&mut answer)?;
    Ok(answer)
}
