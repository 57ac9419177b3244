//! A server, a store on it, and users who have always been there.

use std::time::Duration;

use auth_core::refresh::{RefreshToken, Salt, TokenSecret};
use auth_core::{
    ClientId, RootSecret, RootSecrets, SessionId, SystemRandom, TenantId, Timestamp, UserId,
};
use auth_store::{
    Grant, NewSession, OpenOutcome, PgStore, PgStoreBuilder, Rotation, Seen, SessionStore,
};
use auth_testkit::servers::Postgres;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::Failure;

pub(crate) const TENANT: TenantId = TenantId::DEFAULT;

/// How often a server is started again, twice a second, before that is a failure.
const BURIALS: u32 = 20;

/// Users are numbered from 1; an id is its number.
const USERS: &str = "
    INSERT INTO auth.users (tenant, id, identifier, identifier_norm, password_hash)
        SELECT '00000000-0000-0000-0000-000000000000', lpad(to_hex(i), 32, '0')::uuid,
            'user' || i || '@example.org', 'user' || i || '@example.org', 'first'
        FROM generate_series(1, {n}) i";

pub(crate) struct Place {
    server: Mutex<Postgres>,
    /// The same as long as this lives.
    pub(crate) url: String,
    pub(crate) store: PgStore,
    pub(crate) roots: RootSecrets,
}

impl Place {
    pub(crate) async fn new(users: u64, connections: u32) -> Result<Self, Failure> {
        // What pgbench is to be given is read off the server.
        let settings = [("track_activity_query_size", "16384")];
        Self::with(&settings, users, |url| {
            PgStore::builder(url).with_max_connections(connections)
        })
        .await
    }

    /// One that keeps what it has acknowledged, unless it is forgetful.
    pub(crate) async fn durable_unless(
        is_forgetful: bool,
        users: u64,
        connections: u32,
    ) -> Result<Self, Failure> {
        let settings: &[_] = if is_forgetful {
            &[("synchronous_commit", "off")]
        } else {
            &[]
        };
        Self::with(settings, users, |url| {
            let builder = PgStore::builder(url).with_max_connections(connections);
            if is_forgetful {
                builder.danger_accept_asynchronous_commit()
            } else {
                builder
            }
        })
        .await
    }

    async fn with(
        settings: &[(&str, &str)],
        users: u64,
        store: impl FnOnce(&str) -> PgStoreBuilder,
    ) -> Result<Self, Failure> {
        let server = Postgres::start_with(settings).await?;
        let url = server.url();
        let store = store(&url).connect().await?;
        let roots = RootSecrets::new(RootSecret::generate(&SystemRandom::new())?);
        let place = Self {
            server: Mutex::new(server),
            url,
            store,
            roots,
        };
        place.run(&USERS.replace("{n}", &users.to_string())).await?;
        Ok(place)
    }

    /// Kills the server (SIGKILL to all of its processes), and starts it again at
    /// once.
    pub(crate) async fn crash(&self) -> Result<(), Failure> {
        let mut server = self.server.lock().await;
        server.kill_9()?;
        // On a very busy machine the dead may take a while to be buried, and until
        // then there is no other server on their data.
        for _ in 0..BURIALS {
            if server.restart().await.is_ok() {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        Ok(server.restart().await?)
    }

    /// After the store was closed.
    pub(crate) async fn reconnect(&mut self) -> Result<(), Failure> {
        self.store = PgStore::builder(&self.url)
            .with_max_connections(1)
            .connect()
            .await?;
        Ok(())
    }

    pub(crate) async fn beside(&self) -> Result<PgConnection, Failure> {
        Ok(PgConnection::connect(&self.url).await?)
    }

    /// Statements of the soak's own, which may take long.
    pub(crate) async fn run(&self, sql: &str) -> Result<(), Failure> {
        let sql = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
        sql.execute(&mut self.beside().await?).await?;
        Ok(())
    }

    pub(crate) fn user(number: u64) -> UserId {
        UserId::from_uuid(Uuid::from_u128(number.into()))
    }

    pub(crate) fn new_session(&self, user: u64) -> Result<(NewSession, TokenSecret), Failure> {
        let random = SystemRandom::new();
        let secret = TokenSecret::draw(&random)?;
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
        let now = Timestamp::from_unix_micros(i64::try_from(now.as_micros())?);
        let session = NewSession {
            id: SessionId::draw(now, &random)?,
            tenant: TENANT,
            user: Self::user(user),
            seen: Seen {
                ver: 1,
                session_epoch: 1,
                password_hash: Some("first".into()),
            },
            client: ClientId::default(),
            scope: "a b".parse()?,
            amr: vec!["pwd".to_owned()],
            device: Some("Firefox on Linux".to_owned()),
            root: self.roots.active().id(),
            secret_hash: secret.hash(),
            idle: Duration::from_secs(14 * 86_400),
            absolute: Duration::from_secs(90 * 86_400),
        };
        Ok((session, secret))
    }

    pub(crate) async fn log_in(&self, user: u64) -> Result<(Grant, RefreshToken), Failure> {
        let (session, secret) = self.new_session(user)?;
        match self.store.open_session(session).await? {
            OpenOutcome::Opened(grant) => {
                let token = self.token(&grant, &secret);
                Ok((*grant, token))
            }
            other => Err(format!("no log-in: {other:?}").into()),
        }
    }

    pub(crate) fn token(&self, grant: &Grant, secret: &TokenSecret) -> RefreshToken {
        let (id, generation) = (grant.session.id, grant.session.generation);
        RefreshToken::encode(self.roots.active(), TENANT, id, generation, secret)
    }

    pub(crate) fn rotation(&self, token: &RefreshToken) -> Result<Rotation, Failure> {
        Ok(Rotation {
            tenant: TENANT,
            client: ClientId::default(),
            presented: token.open(&self.roots, TENANT)?,
            root: self.roots.active().id(),
            salt: Salt::draw(&SystemRandom::new())?,
            grace: Duration::from_secs(30),
            idle: Duration::from_secs(14 * 86_400),
        })
    }
}
