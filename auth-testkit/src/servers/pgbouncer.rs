use std::{
    fmt::Write as _,
    io,
    net::{Ipv4Addr, TcpStream},
};

use rustix::process::Signal;

use super::{
    ServerError,
    folder::{Folder, on_free_port},
    locate,
    process::Process,
};

/// A PgBouncer of one's own before a PostgreSQL, that lends a connection for one transaction at a time; gone when dropped.
///
/// ```no_run
/// # async fn example() -> Result<(), auth_testkit::servers::ServerError> {
/// use auth_testkit::servers::{PgBouncer, Postgres};
///
/// let postgres = Postgres::start().await?;
/// let pooler = PgBouncer::before(&postgres.url(), &[("default_pool_size", "2")]).await?;
/// assert!(pooler.url().starts_with("postgres://"));
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct PgBouncer {
    process: Process,
    url: String,
}

impl PgBouncer {
    /// Before the server at `url`, with settings as in `pgbouncer.ini`. Of the database's own settings, `connect_query` is given
    /// like the others.
    ///
    /// # Errors
    /// [`ServerError::NotInstalled`] without `pgbouncer` on this machine; the others if it does not start.
    pub async fn before(url: &str, settings: &[(&str, &str)]) -> Result<Self, ServerError> {
        let program = locate::pgbouncer()?;
        let target = Target::of(url).ok_or_else(|| {
            ServerError::system("read the URL of a server")(io::ErrorKind::InvalidInput.into())
        })?;
        let folder = Folder::new("pgbouncer", locate::unprivileged_user()?)?;
        let mut pooler = Self {
            process: Process::new(program, folder),
            url: String::new(),
        };
        on_free_port(async |port| pooler.start_on(port, &target, settings).await).await?;
        Ok(pooler)
    }

    /// `postgres://…`, with the server's user, password and database.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// SIGKILL: every client's connection is gone, and so is every server's.
    ///
    /// # Errors
    /// [`ServerError::System`] if the operating system refuses.
    pub fn kill_9(&mut self) -> Result<(), ServerError> {
        self.process.kill()
    }

    async fn start_on(
        &mut self,
        port: u16,
        target: &Target<'_>,
        settings: &[(&str, &str)],
    ) -> Result<(), ServerError> {
        let Target {
            user,
            password,
            host,
            server_port,
            database,
        } = target;
        let folder = self.process.folder();
        let users = folder.write("users.txt", &format!("\"{user}\" \"{password}\"\n"))?;
        let (mut of_database, mut of_all) = (String::new(), String::new());
        for (name, value) in settings {
            // Writing to a string does not fail.
            let _ = match *name {
                "connect_query" => write!(of_database, " connect_query='{value}'"),
                _ => writeln!(of_all, "{name} = {value}"),
            };
        }
        let contents = format!(
            "[databases]\n\
             {database} = host={host} port={server_port} dbname={database}{of_database}\n\
             [pgbouncer]\n\
             listen_addr = {}\nlisten_port = {port}\nunix_socket_dir =\n\
             auth_type = plain\nauth_file = {}\npool_mode = transaction\nmax_client_conn = 400\n\
             ignore_startup_parameters = extra_float_digits\n{of_all}",
            Ipv4Addr::LOCALHOST,
            users.display(),
        );
        let file = folder.write("pgbouncer.ini", &contents)?;
        self.process.set_arguments(vec![file.into()]);
        self.process
            .start(move |_| TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok())
            .await?;
        self.url = format!(
            "postgres://{user}:{password}@{}:{port}/{database}",
            Ipv4Addr::LOCALHOST
        );
        Ok(())
    }

    /// Starts it again in good order, if it runs; every client has to connect again.
    ///
    /// # Errors
    /// [`ServerError::NotReady`] if it does not come back.
    pub async fn restart(&mut self) -> Result<(), ServerError> {
        self.process.stop(Signal::TERM).await?;
        let address = self
            .url
            .rsplit_once('@')
            .and_then(|(_, rest)| rest.split_once('/'))
            .map(|(address, _)| address.to_owned())
            .unwrap_or_default();
        self.process
            .start(move |_| TcpStream::connect(&address).is_ok())
            .await
    }
}

/// What a URL names.
struct Target<'u> {
    user: &'u str,
    password: &'u str,
    host: &'u str,
    server_port: &'u str,
    database: &'u str,
}

impl<'u> Target<'u> {
    fn of(url: &'u str) -> Option<Self> {
        let (_, rest) = url.split_once("://")?;
        let (login, rest) = rest.rsplit_once('@')?;
        let (user, password) = login.split_once(':')?;
        let (address, rest) = rest.split_once('/')?;
        let (host, server_port) = address.rsplit_once(':')?;
        let database = rest.split('?').next().unwrap_or(rest);
        Some(Self {
            user,
            password,
            host,
            server_port,
            database,
        })
    }
}
