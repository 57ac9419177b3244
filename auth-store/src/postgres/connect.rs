//! Connecting: how, and to which servers not.

use std::sync::Arc;
use std::time::Duration;

use auth_core::Secret;
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection, PgPool};
use tokio::time::timeout;

use super::borrowed::Opening;
use super::connect_error::ConnectError;
use super::error::{NoAnswer, unreached};
use super::pool::{self, Accepted, Doubts};
use super::replica::{Limits, Replicas};
use super::schema::Schema;
use super::sweep::Marks;
use super::{PgStore, migrate};
use crate::error::{StoreError, StoreErrorKind};

/// The pool makes room for all of them at once.
const MOST_CONNECTIONS: u32 = 10_000;

/// The longest time-out: a day, which no clock overflows on.
const LONGEST: Duration = Duration::from_secs(86_400);

/// How long all migrations together may take.
const MIGRATION: Duration = Duration::from_secs(300);

/// How long a transaction may be left open; ours are one statement long.
const IN_TRANSACTION: Duration = Duration::from_secs(10);

/// What is added to the server's own time-out before it counts as silent.
const SILENCE: Duration = Duration::from_millis(500);

/// Where the connections are from.
#[derive(Clone, Debug)]
pub(super) enum Origin {
    Url(Secret<String>),
    Pool(PgPool),
}

/// How a [`PgStore`] connects.
#[derive(Clone, Debug)]
#[must_use = "nothing is connected before `connect`"]
pub struct PgStoreBuilder {
    origin: Origin,
    pooler: Option<Secret<String>>,
    replicas: Vec<Secret<String>>,
    max_age: Duration,
    replica_timeout: Duration,
    schema: String,
    max_connections: u32,
    statement_timeout: Duration,
    acquire_timeout: Duration,
    migrate: bool,
    asynchronous_commit: bool,
}

impl PgStoreBuilder {
    pub(super) fn new(origin: Origin) -> Self {
        Self {
            origin,
            pooler: None,
            replicas: Vec::new(),
            max_age: Duration::from_secs(5),
            replica_timeout: Duration::from_millis(500),
            schema: "auth".to_owned(),
            max_connections: 10,
            statement_timeout: Duration::from_secs(2),
            acquire_timeout: Duration::from_secs(2),
            migrate: true,
            asynchronous_commit: false,
        }
    }

    /// Keeps the tables in this schema, which is made if it is not there.
    pub fn with_schema(mut self, schema: impl Into<String>) -> Self {
        self.schema = schema.into();
        self
    }

    /// Opens no more than this many connections: 1 to 10 000.
    pub fn with_max_connections(mut self, connections: u32) -> Self {
        self.max_connections = connections.clamp(1, MOST_CONNECTIONS);
        self
    }

    /// Lets a statement take this long, and wait for a lock half as long.
    pub fn with_statement_timeout(mut self, timeout: Duration) -> Self {
        self.statement_timeout = timeout.min(LONGEST);
        self
    }

    /// Waits this long for a connection.
    pub fn with_acquire_timeout(mut self, timeout: Duration) -> Self {
        self.acquire_timeout = timeout.min(LONGEST);
        self
    }

    /// Makes its calls by way of a pooler that lends connections for one
    /// transaction at a time, at `url`: PgBouncer in its mode `transaction`, say,
    /// with `ignore_startup_parameters = extra_float_digits`. The URL that the
    /// builder was made with must be of the server itself: by it the server is
    /// looked at and the schema migrated, for which a session is needed.
    ///
    /// Each statement gets a transaction of its own then, which takes three round
    /// trips more; the pooler needs to know nothing of prepared statements.
    pub fn through_pooler(mut self, url: &str) -> Self {
        self.pooler = Some(Secret::new(url.to_owned()));
        self
    }

    /// Lets the standby at `url` answer look-ups that are
    /// [`Eventual`](crate::Consistency::Eventual); several take turns. Nothing is
    /// ever decided by it, and no token minted. It is asked only while it can be
    /// shown to be recent enough ([`with_max_age`](Self::with_max_age)), which
    /// asks the primary a little thing now and then; without a primary it is not
    /// used. The URL must lead to one server, not to several by turns.
    ///
    /// It need not be there: the primary answers then.
    pub fn with_replica(mut self, url: &str) -> Self {
        self.replicas.push(Secret::new(url.to_owned()));
        self
    }

    /// Lets a replica's answer be this old; one that is further behind is not
    /// asked.
    pub fn with_max_age(mut self, age: Duration) -> Self {
        self.max_age = age.min(LONGEST);
        self
    }

    /// Waits this long for a replica before the primary is asked. One that fails
    /// or takes longer is left alone for a second.
    pub fn with_replica_timeout(mut self, timeout: Duration) -> Self {
        self.replica_timeout = timeout.min(LONGEST);
        self
    }

    /// Changes no schema, and refuses one that is not up to date: for a role
    /// that may not, where [`PgStore::migration_scripts`] are applied by
    /// another.
    pub fn without_migrations(mut self) -> Self {
        self.migrate = false;
        self
    }

    /// Accepts a server that reports as done what a crash may undo. Whoever
    /// uses this accepts that after a crash a spent refresh token is accepted
    /// again and that a revoked session lives.
    pub fn danger_accept_asynchronous_commit(mut self) -> Self {
        self.asynchronous_commit = true;
        self
    }

    /// Connects, looks at the server, and brings the schema up to date.
    ///
    /// # Errors
    /// [`ConnectError`], which says what is wrong with the URL, the server or
    /// the schema.
    pub async fn connect(self) -> Result<PgStore, ConnectError> {
        let schema =
            Schema::new(&self.schema).ok_or_else(|| ConnectError::Schema(self.schema.clone()))?;
        let replicas = self.replicas()?;
        let direct = match &self.origin {
            Origin::Url(url) => named(parsed(url)?),
            Origin::Pool(pool) => PgConnectOptions::clone(&pool.connect_options()),
        };

        let setup = self.with_settings(direct.clone()).options([
            ("statement_timeout", "0"),
            ("lock_timeout", "0"),
            ("default_transaction_read_only", "off"),
        ]);
        let connecting = timeout(self.acquire_timeout, PgConnection::connect_with(&setup)).await;
        let mut connection = connecting
            .map_err(silent)?
            .map_err(|error| ConnectError::Failed(unreached(error)))?;
        let prepared = timeout(MIGRATION, self.prepare(&mut connection, &schema)).await;
        prepared.map_err(silent)??;
        // It has done what it was for, whether or not it ends in good order.
        let _ = timeout(self.acquire_timeout, connection.close()).await;

        let doubts = Doubts::over(self.max_connections);
        let open = |options, any_isolation| {
            pool::open(
                options,
                self.max_connections,
                self.acquire_timeout,
                self.accepted(any_isolation),
                doubts.clone(),
            )
        };
        let (pool, opening) = match (&self.pooler, &self.origin) {
            (None, Origin::Url(_)) => (open(self.with_settings(direct), false), None),
            (Some(pooler), _) => {
                let options = named(parsed(pooler)?);
                (open(options, true), Some(self.opening()))
            }
            (None, Origin::Pool(pool)) => (pool.clone(), Some(self.opening())),
        };
        Ok(PgStore {
            pool,
            schema,
            patience: self.statement_timeout.saturating_add(SILENCE),
            doubts,
            opening,
            replicas,
            added: Arc::default(),
            marks: Marks::default(),
            effects: crate::traits::Effects::none(),
        })
    }

    async fn prepare(
        &self,
        connection: &mut PgConnection,
        schema: &Schema,
    ) -> Result<(), ConnectError> {
        pool::probe(connection, self.accepted(false)).await?;
        if self.migrate {
            migrate::run(connection, schema).await
        } else {
            migrate::check(connection, schema).await
        }
    }

    fn with_settings(&self, options: PgConnectOptions) -> PgConnectOptions {
        // Zero would mean no limit at all.
        let limit = |timeout: Duration| timeout.as_millis().max(1).to_string();
        options.options([
            ("default_transaction_isolation", "read committed".to_owned()),
            ("statement_timeout", limit(self.statement_timeout)),
            ("lock_timeout", limit(self.statement_timeout / 2)),
            ("idle_in_transaction_session_timeout", limit(IN_TRANSACTION)),
            // A statement that takes a millisecond is not worth compiling.
            ("jit", "off".to_owned()),
        ])
    }

    fn replicas(&self) -> Result<Option<Replicas>, ConnectError> {
        let limits = Limits {
            age: self.max_age,
            patience: self.replica_timeout,
            connections: self.max_connections,
        };
        let options = |url| parsed(url).map(|options| self.with_settings(named(options)));
        let options = self.replicas.iter().map(options);
        let options: Vec<_> = options.collect::<Result<_, _>>()?;
        Ok((!options.is_empty()).then(|| Replicas::open(options, limits)))
    }

    const fn accepted(&self, any_isolation: bool) -> Accepted {
        Accepted {
            asynchronous_commit: self.asynchronous_commit,
            any_isolation,
        }
    }

    fn opening(&self) -> Opening {
        Opening::new(
            self.statement_timeout,
            self.statement_timeout / 2,
            IN_TRANSACTION,
            self.asynchronous_commit,
        )
    }
}

fn parsed(url: &Secret<String>) -> Result<PgConnectOptions, ConnectError> {
    url.expose().parse().map_err(|error: sqlx::Error| {
        ConnectError::Url(StoreError::new(StoreErrorKind::Other, error))
    })
}

fn named(options: PgConnectOptions) -> PgConnectOptions {
    if options.get_application_name().is_some() {
        options
    } else {
        options.application_name("auth")
    }
}

fn silent(_: tokio::time::error::Elapsed) -> ConnectError {
    ConnectError::Failed(StoreError::new(StoreErrorKind::Unavailable, NoAnswer))
}
