use std::{fmt::Write as _, net::Ipv4Addr, thread, time::Duration};

use rustix::process::Signal;

use super::{
    Redis, ServerError,
    folder::{Folder, on_free_port, password},
    locate,
    process::Process,
    resp,
};

/// What the primary is called.
const NAME: &str = "primary";

/// How many Sentinels there are, and how many of them must agree.
const SENTINELS: usize = 3;
const QUORUM: usize = 2;

/// How often is asked, and how many times before we give up: half a minute.
const POLL: Duration = Duration::from_millis(50);
const POLLS: u32 = 600;

/// A primary, a replica, and three Sentinels that put the replica in the primary's place when two of them have not heard of that
/// for half a second. All gone when dropped.
///
/// ```no_run
/// # async fn example() -> Result<(), auth_testkit::servers::ServerError> {
/// let mut sentinels = auth_testkit::servers::Sentinels::start().await?;
/// let before = sentinels.primary()?;
/// sentinels.kill_primary()?;
/// assert_ne!(sentinels.failed_over(before).await?, before);
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Sentinels {
    servers: Vec<Redis>,
    watching: Vec<Sentinel>,
    password: String,
}

#[derive(Debug)]
struct Sentinel {
    process: Process,
    port: u16,
}

impl Sentinels {
    /// Starts all five, and waits until they know each other.
    ///
    /// # Errors
    /// [`ServerError::NotInstalled`] without `redis-server` on this machine; the others if they do not start.
    pub async fn start() -> Result<Self, ServerError> {
        let password = password()?;
        let setting = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mut settings = vec![setting("masterauth", &password)];
        let primary = Redis::start_as(&password, || Ok(settings.clone())).await?;
        let at = format!("{} {}", Ipv4Addr::LOCALHOST, primary.port());
        settings.push(setting("replicaof", &at));
        // A test does not wait for somebody to copy from.
        settings.push(setting("repl-diskless-sync-delay", "0"));
        let replica = Redis::start_as(&password, || Ok(settings.clone())).await?;
        let mut sentinels = Vec::new();
        for _ in 0..SENTINELS {
            sentinels.push(Sentinel::start(primary.port(), &password).await?);
        }
        let started = Self {
            servers: vec![primary, replica],
            watching: sentinels,
            password,
        };
        started.wait(Self::is_ready).await?;
        Ok(started)
    }

    /// `redis://…` of each Sentinel, with the password that is also that of the servers.
    pub fn urls(&self) -> Vec<String> {
        let url = |sentinel: &Sentinel| {
            let (host, port) = (Ipv4Addr::LOCALHOST, sentinel.port);
            format!("redis://:{}@{host}:{port}/", self.password)
        };
        self.watching.iter().map(url).collect()
    }

    /// What the Sentinels call the primary.
    pub fn name(&self) -> &'static str {
        NAME
    }

    /// The password of all.
    pub fn password(&self) -> &str {
        &self.password
    }

    /// The port of the server that most Sentinels take for the primary.
    ///
    /// # Errors
    /// [`ServerError::System`] when they do not agree.
    pub fn primary(&self) -> Result<u16, ServerError> {
        let told: Vec<u16> = self
            .watching
            .iter()
            .filter_map(|it| it.primary(&self.password))
            .collect();
        let agree = |port: &&u16| told.iter().filter(|other| other == port).count() >= QUORUM;
        told.iter().find(agree).copied().ok_or_else(|| {
            ServerError::system("find the primary")(std::io::ErrorKind::NotFound.into())
        })
    }

    /// The servers, whichever is the primary.
    pub fn servers(&mut self) -> &mut [Redis] {
        &mut self.servers
    }

    /// SIGKILL to the primary.
    ///
    /// # Errors
    /// [`ServerError::System`] when there is none, or the operating system refuses.
    pub fn kill_primary(&mut self) -> Result<(), ServerError> {
        let port = self.primary()?;
        let mut servers = self.servers.iter_mut();
        servers
            .find(|server| server.port() == port)
            .map_or(Ok(()), Redis::kill_9)
    }

    /// SIGSTOP to the primary: connections to it stay open and nothing answers.
    ///
    /// # Errors
    /// As [`kill_primary`](Self::kill_primary).
    pub fn freeze_primary(&self) -> Result<(), ServerError> {
        let port = self.primary()?;
        let mut servers = self.servers.iter();
        servers
            .find(|server| server.port() == port)
            .map_or(Ok(()), Redis::freeze)
    }

    /// Continues whatever was frozen.
    ///
    /// # Errors
    /// [`ServerError::System`] if the operating system refuses.
    pub fn thaw(&self) -> Result<(), ServerError> {
        self.servers.iter().try_for_each(Redis::thaw)
    }

    /// Has the Sentinels put the replica in the place of a primary that is well.
    ///
    /// # Errors
    /// [`ServerError::System`] if they refuse, as they do for a while after another time.
    pub fn fail_over(&self) -> Result<(), ServerError> {
        let mut sentinels = self.watching.iter();
        sentinels.next().map_or(Ok(()), |sentinel| {
            sentinel
                .ask(&self.password, &["SENTINEL", "FAILOVER", NAME])
                .map(drop)
        })
    }

    /// Waits until another server than that at `port` is the primary, and gives its port.
    ///
    /// # Errors
    /// [`ServerError::System`] if that does not happen.
    pub async fn failed_over(&self, port: u16) -> Result<u16, ServerError> {
        self.wait(|all| {
            let is_other = all.primary().is_ok_and(|now| now != port);
            is_other
                && all
                    .servers
                    .iter()
                    .any(|it| it.port() != port && is_primary(it))
        })
        .await?;
        self.primary()
    }

    fn is_ready(&self) -> bool {
        let has_quorum = |sentinel: &Sentinel| {
            let asked = sentinel.ask(&self.password, &["SENTINEL", "CKQUORUM", NAME]);
            asked.is_ok_and(|answer| answer.iter().any(|it| it.starts_with("OK 3")))
        };
        let knows_replica = |sentinel: &Sentinel| {
            let asked = sentinel.ask(&self.password, &["SENTINEL", "REPLICAS", NAME]);
            let is_good = |answer: Vec<String>| {
                answer
                    .windows(2)
                    .any(|it| it == ["master-link-status", "ok"])
            };
            asked.is_ok_and(is_good)
        };
        self.watching
            .iter()
            .all(|it| has_quorum(it) && knows_replica(it))
    }

    async fn wait(&self, until: impl Fn(&Self) -> bool) -> Result<(), ServerError> {
        for _ in 0..POLLS {
            if until(self) {
                return Ok(());
            }
            // On the blocking pool, because a test with paused time would skip through `tokio::time::sleep`.
            let _ = tokio::task::spawn_blocking(|| thread::sleep(POLL)).await;
        }
        Err(ServerError::system("wait for sentinels")(
            std::io::ErrorKind::TimedOut.into(),
        ))
    }
}

fn is_primary(server: &Redis) -> bool {
    let role = server.command(&["ROLE"]);
    role.is_ok_and(|role| role.first().is_some_and(|role| role == "master"))
}

impl Sentinel {
    async fn start(primary: u16, password: &str) -> Result<Self, ServerError> {
        let process = Process::new(locate::redis_server()?, Folder::new("sentinel", None)?);
        let mut sentinel = Self { process, port: 0 };
        on_free_port(async |port| sentinel.start_on(port, primary, password).await).await?;
        Ok(sentinel)
    }

    async fn start_on(
        &mut self,
        port: u16,
        primary: u16,
        password: &str,
    ) -> Result<(), ServerError> {
        self.port = port;
        let folder = self.process.folder();
        let host = Ipv4Addr::LOCALHOST;
        let mut contents = format!("bind {host}\nport {port}\nrequirepass {password}\n");
        for (name, value) in [
            ("monitor", format!("{host} {primary} {QUORUM}")),
            ("auth-pass", password.to_owned()),
            ("down-after-milliseconds", "500".to_owned()),
            ("failover-timeout", "3000".to_owned()),
        ] {
            let _ = writeln!(contents, "sentinel {name} {NAME} {value}");
        }
        let _ = writeln!(contents, "sentinel sentinel-pass {password}");
        let _ = writeln!(contents, "dir \"{}\"", folder.path().display());
        // It writes there what it learns.
        let file = folder.write("sentinel.conf", &contents)?;
        self.process
            .set_arguments(vec![file.into(), "--sentinel".into()]);
        let password = password.to_owned();
        let ready = move |_| resp::command(port, &password, &["PING"]).is_ok();
        self.process.start(ready).await
    }

    fn ask(&self, password: &str, words: &[&str]) -> Result<Vec<String>, ServerError> {
        resp::command(self.port, password, words)
    }

    fn primary(&self, password: &str) -> Option<u16> {
        let told = self.ask(password, &["SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME]);
        told.ok()?.get(1)?.parse().ok()
    }
}

impl Drop for Sentinels {
    fn drop(&mut self) {
        // Those who look on first, or they would begin a fail-over.
        for sentinel in &mut self.watching {
            let _ = sentinel.process.signal_all(Signal::KILL);
        }
    }
}
