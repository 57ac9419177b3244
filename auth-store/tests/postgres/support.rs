//! A store in a schema of its own, and what a test needs to stand beside it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use auth_core::refresh::{RefreshToken, Salt, TokenSecret};
use auth_core::{
    ClientId, RootSecret, RootSecrets, SecureRandom, SessionId, SystemRandom, TenantId, Timestamp,
    UserId, draw,
};
use auth_store::{
    CreateOutcome, Grant, Identifier, NewSession, NewUser, OpenOutcome, PgStore, PgStoreBuilder,
    RotateOutcome, Rotation, Seen, SessionStore, Store, User, UserStore,
};
use auth_testkit::conformance::Subject;
use auth_testkit::servers::{self, PgBouncer};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::sync::{Semaphore, SemaphorePermit};

pub(super) const TENANT: TenantId = TenantId::DEFAULT;

/// The server gives a hundred connections to all tests together.
static SEATS: Semaphore = Semaphore::const_new(4);
const CONNECTIONS: u32 = 8;

/// A store in a schema of its own.
pub(super) struct Place {
    pub(super) store: PgStore,
    /// Its schema.
    pub(super) schema: String,
    pub(super) url: String,
    pub(super) roots: RootSecrets,
    _seat: SemaphorePermit<'static>,
}

pub(super) async fn fresh() -> Place {
    let seat = SEATS.acquire().await.unwrap();
    let url = servers::postgres_url().await.unwrap();
    let schema = schema();
    let store = builder(&url, &schema).connect().await.unwrap();
    let roots = RootSecrets::new(RootSecret::generate(&SystemRandom::new()).unwrap());
    Place {
        store,
        schema,
        url,
        roots,
        _seat: seat,
    }
}

/// A name that no earlier run on the same server has used.
pub(super) fn schema() -> String {
    let random: [u8; 8] = draw(&SystemRandom::new() as &dyn SecureRandom).unwrap();
    format!("test_{:016x}", u64::from_be_bytes(random))
}

pub(super) fn builder(url: &str, schema: &str) -> PgStoreBuilder {
    PgStore::builder(url)
        .with_schema(schema)
        .with_max_connections(CONNECTIONS)
}

pub(super) async fn connection(url: &str) -> PgConnection {
    PgConnection::connect(url).await.unwrap()
}

/// Runs statements of the test's own; `{s}` is the schema.
pub(super) async fn run(connection: &mut PgConnection, schema: &str, sql: &str) {
    let sql = sql.replace("{s}", schema);
    sqlx::raw_sql(AssertSqlSafe(sql))
        .execute(connection)
        .await
        .unwrap();
}

/// The one value that a statement of the test's own gives.
pub(super) async fn value<T>(connection: &mut PgConnection, schema: &str, sql: &str) -> T
where
    T: Send + Unpin + for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
{
    let sql = sql.replace("{s}", schema);
    sqlx::query_scalar(AssertSqlSafe(sql))
        .fetch_one(connection)
        .await
        .unwrap()
}

/// Waits until as many of the store's statements wait for a lock.
pub(super) async fn blocked(beside: &mut PgConnection, schema: &str, statements: i64) {
    for _ in 0..500 {
        // Within a transaction the server shows the same picture again.
        run(beside, schema, "SELECT pg_stat_clear_snapshot()").await;
        let sql = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' \
                   AND query LIKE '%\"{s}\".%' AND pid <> pg_backend_pid()";
        if value::<i64>(beside, schema, sql).await == statements {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("nothing waits for a lock");
}

/// The server's clock.
pub(super) async fn clock(beside: &mut PgConnection) -> Timestamp {
    let micros = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint";
    Timestamp::from_unix_micros(value(beside, "", micros).await)
}

/// The command that presents `token`.
pub(super) fn rotation(roots: &RootSecrets, token: &RefreshToken) -> Rotation {
    Rotation {
        tenant: TENANT,
        client: ClientId::default(),
        presented: token.open(roots, TENANT).unwrap(),
        root: roots.active().id(),
        salt: Salt::draw(&SystemRandom::new()).unwrap(),
        grace: Duration::from_secs(30),
        idle: Duration::from_secs(3600),
    }
}

impl Place {
    /// On a server of the test's own.
    pub(super) async fn on(store: PgStore, schema: &str, url: &str, roots: RootSecrets) -> Self {
        Self {
            store,
            schema: schema.to_owned(),
            url: url.to_owned(),
            roots,
            _seat: SEATS.acquire().await.unwrap(),
        }
    }

    pub(super) async fn beside(&self) -> PgConnection {
        connection(&self.url).await
    }

    pub(super) async fn user(&self) -> User {
        let random = SystemRandom::new();
        let id = UserId::draw(Timestamp::from_unix_seconds(1_700_000_000), &random).unwrap();
        let new = NewUser {
            id,
            tenant: TENANT,
            identifier: Identifier::new(&format!("{id}@x.org")).unwrap(),
            password_hash: Some("first".to_owned()),
            password_policy: None,
            roles: vec!["reader".to_owned()],
        };
        match self.store.create_user(new).await.unwrap() {
            CreateOutcome::Created(user) => user,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn new_session(&self, user: &User) -> (NewSession, TokenSecret) {
        let random = SystemRandom::new();
        let secret = TokenSecret::draw(&random).unwrap();
        let session = NewSession {
            id: SessionId::draw(Timestamp::from_unix_seconds(1_700_000_000), &random).unwrap(),
            tenant: user.tenant,
            user: user.id,
            seen: Seen {
                ver: user.ver,
                session_epoch: user.session_epoch,
                password_hash: Some("first".to_owned()),
            },
            client: ClientId::default(),
            scope: "a b".parse().unwrap(),
            amr: vec!["pwd".to_owned()],
            device: None,
            root: self.roots.active().id(),
            secret_hash: secret.hash(),
            idle: Duration::from_secs(3600),
            absolute: Duration::from_secs(7200),
        };
        (session, secret)
    }

    pub(super) async fn open(&self, user: &User) -> (Grant, RefreshToken) {
        let (session, secret) = self.new_session(user);
        match self.store.open_session(session).await.unwrap() {
            OpenOutcome::Opened(grant) => {
                let token = self.token(&grant, &secret);
                (*grant, token)
            }
            other => panic!("{other:?}"),
        }
    }

    fn token(&self, grant: &Grant, secret: &TokenSecret) -> RefreshToken {
        let session = &grant.session;
        RefreshToken::encode(
            self.roots.active(),
            session.tenant,
            session.id,
            session.generation,
            secret,
        )
    }

    pub(super) fn rotation(&self, token: &RefreshToken) -> Rotation {
        rotation(&self.roots, token)
    }

    /// Spends a token that is to be the current one.
    pub(super) async fn renew(&self, token: &RefreshToken) -> (Grant, RefreshToken) {
        let rotation = self.rotation(token);
        match self.store.rotate_session(&rotation).await.unwrap() {
            RotateOutcome::Rotated(grant) => {
                let token = self.successor(&rotation, &grant);
                (*grant, token)
            }
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn successor(&self, rotation: &Rotation, grant: &Grant) -> RefreshToken {
        self.token(grant, &rotation.presented.successor(&grant.session.salt))
    }
}

#[async_trait]
impl Subject for Place {
    fn store(&self) -> Arc<dyn Store> {
        Arc::new(self.store.clone())
    }

    async fn second(&self) -> Arc<dyn Store> {
        Arc::new(builder(&self.url, &self.schema).connect().await.unwrap())
    }

    async fn pass(&self, time: Duration) {
        let back = format!("interval '{} microseconds'", time.as_micros());
        let sql = "
            UPDATE {s}.tenants SET created_at = created_at - {back};
            UPDATE {s}.users SET created_at = created_at - {back};
            UPDATE {s}.attempts SET wait_until = wait_until - {back}, known_until = known_until - {back},
                expires_at = expires_at - {back};
            UPDATE {s}.sessions SET auth_time = auth_time - {back}, rotated_at = rotated_at - {back},
                prev_rotated_at = prev_rotated_at - {back}, expires_at = expires_at - {back},
                idle_expires_at = idle_expires_at - {back}, revoked_at = revoked_at - {back};
            UPDATE {s}.api_keys SET created_at = created_at - {back}, expires_at = expires_at - {back},
                rotated_at = rotated_at - {back}, former_until = former_until - {back},
                last_used_at = last_used_at - {back}, revoked_at = revoked_at - {back};
            UPDATE {s}.platform_accounts SET linked_at = linked_at - {back};
            UPDATE {s}.revocations SET expires_at = expires_at - {back};
            UPDATE {s}.signing_keys SET created_at = created_at - {back}, active_at = active_at - {back},
                revoked_at = revoked_at - {back};
            UPDATE {s}.outbox SET time = time - {back}, due_at = due_at - {back}, claimed_until = claimed_until - {back};
            UPDATE {s}.outbox_dead SET time = time - {back}, died_at = died_at - {back};
            UPDATE {s}.consumed SET expires_at = expires_at - {back};
            UPDATE {s}.idempotency_keys SET lease_until = lease_until - {back}, expires_at = expires_at - {back};";
        run(
            &mut self.beside().await,
            &self.schema,
            &sql.replace("{back}", &back),
        )
        .await;
    }
}

/// A place whose store reaches the server another way.
pub(super) struct Guest {
    place: Place,
    store: PgStore,
    _pooler: Option<PgBouncer>,
}

impl Guest {
    pub(super) fn new(place: Place, store: PgStore) -> Self {
        Self {
            place,
            store,
            _pooler: None,
        }
    }

    pub(super) fn behind(self, pooler: PgBouncer) -> Self {
        Self {
            _pooler: Some(pooler),
            ..self
        }
    }
}

#[async_trait]
impl Subject for Guest {
    fn store(&self) -> Arc<dyn Store> {
        Arc::new(self.store.clone())
    }

    /// The two ways see the same.
    async fn second(&self) -> Arc<dyn Store> {
        self.place.store()
    }

    async fn pass(&self, time: Duration) {
        self.place.pass(time).await;
    }
}
