use std::{fmt::Write as _, net::Ipv4Addr};

use rustix::process::Signal;

use super::{
    ServerError,
    folder::{Folder, free_port, on_free_port, password},
    locate,
    process::Process,
    resp::command,
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
    tls_port: Option<u16>,
    password: String,
}

/// As in `redis.conf`.
pub(super) type Setting = (String, String);

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
        let settings: Vec<Setting> = settings
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Self::start_as(&password()?, || Ok(settings.clone())).await
    }

    /// As [`start`](Self::start), and by TLS at [`tls_url`](Self::tls_url): with a certificate and its key, asking clients for
    /// one by `authorities` if there are any. All are PEM.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn start_with_tls(
        certificate: &str,
        key: &str,
        authorities: Option<&str>,
    ) -> Result<Self, ServerError> {
        let mut redis = Self::unstarted(&password()?)?;
        let folder = redis.process.folder();
        let mut settings = Vec::new();
        for (name, contents) in [
            ("tls-cert-file", Some(certificate)),
            ("tls-key-file", Some(key)),
            ("tls-ca-cert-file", Some(authorities.unwrap_or(certificate))),
        ] {
            let file = folder.write(&format!("{name}.pem"), contents.unwrap_or_default())?;
            settings.push((name.to_owned(), format!("\"{}\"", file.display())));
        }
        let asks = if authorities.is_some() { "yes" } else { "no" };
        settings.push(("tls-auth-clients".to_owned(), asks.to_owned()));
        on_free_port(async |port| {
            let tls_port = free_port()?;
            let mut settings = settings.clone();
            settings.push(("tls-port".to_owned(), tls_port.to_string()));
            redis.tls_port = Some(tls_port);
            redis.start_on(port, &settings).await
        })
        .await?;
        Ok(redis)
    }

    /// With a password that others have too; the settings are made anew for each attempt.
    pub(super) async fn start_as(
        password: &str,
        settings: impl Fn() -> Result<Vec<Setting>, ServerError>,
    ) -> Result<Self, ServerError> {
        let mut redis = Self::unstarted(password)?;
        on_free_port(async |port| redis.start_on(port, &settings()?).await).await?;
        Ok(redis)
    }

    fn unstarted(password: &str) -> Result<Self, ServerError> {
        let process = Process::new(locate::redis_server()?, Folder::new("redis", None)?);
        Ok(Self {
            process,
            port: 0,
            tls_port: None,
            password: password.to_owned(),
        })
    }

    /// Where it listens, on the loopback address.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its password.
    pub fn password(&self) -> &str {
        &self.password
    }

    /// `rediss://…` with its password, if it was started [with TLS](Self::start_with_tls).
    pub fn tls_url(&self) -> Option<String> {
        let (host, port) = (Ipv4Addr::LOCALHOST, self.tls_port?);
        Some(format!("rediss://:{}@{host}:{port}/", self.password))
    }

    /// Has it do something, and gives what it answers: each text and number, of however many.
    ///
    /// # Errors
    /// [`ServerError::System`] with what it says, if it does not do it, and if it is not there or does not answer.
    pub fn command(&self, words: &[&str]) -> Result<Vec<String>, ServerError> {
        command(self.port, &self.password, words)
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

    async fn start_on(&mut self, port: u16, settings: &[Setting]) -> Result<(), ServerError> {
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
        move |_| command(port, &password, &["PING"]).is_ok_and(|answer| answer == ["PONG"])
    }
}
