//! Which connections are used: those to the right server that are well.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use sqlx::pool::PoolConnectionMetadata;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, Error, PgConnection, PgPool, Row};
use tokio::time::timeout;

use super::connect_error::ConnectError;
use super::error::{Intent, failed};

/// The first version with 64-bit transaction ids.
const OLDEST: i32 = 13;

/// For how long a connection that answered needs not be asked again: a round
/// trip before every statement is a high price.
const FRESH: Duration = Duration::from_secs(1);

/// How long it may take to say that it is well.
const PING: Duration = Duration::from_millis(500);

/// Where one connection broke, the others may have: each of so many is asked
/// before it is used, however fresh it is.
#[derive(Clone, Debug)]
pub(super) struct Doubts {
    left: Arc<AtomicU32>,
    all: u32,
}

impl Doubts {
    pub(super) fn over(connections: u32) -> Self {
        Self {
            left: Arc::default(),
            all: connections,
        }
    }

    /// A connection broke.
    pub(super) fn raise(&self) {
        self.left.store(self.all, Ordering::Relaxed);
    }

    fn is_one_left(&self) -> bool {
        let less = |left: u32| left.checked_sub(1);
        self.left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less)
            .is_ok()
    }
}

/// What a connection may be like.
#[derive(Clone, Copy, Debug)]
pub(super) struct Accepted {
    pub(super) asynchronous_commit: bool,
    /// Each transaction says which one it wants.
    pub(super) any_isolation: bool,
}

pub(super) fn open(
    options: PgConnectOptions,
    connections: u32,
    acquire_timeout: Duration,
    accepted: Accepted,
    doubts: Doubts,
) -> PgPool {
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(acquire_timeout)
        .test_before_acquire(false)
        .before_acquire(move |connection, meta: PoolConnectionMetadata| {
            let is_doubted = doubts.is_one_left() || meta.idle_for > FRESH;
            Box::pin(async move {
                if is_doubted {
                    timeout(PING, connection.ping())
                        .await
                        .map_err(|_| Error::PoolTimedOut)??;
                }
                Ok(true)
            })
        })
        // Each one: after a failover the same name is another server.
        .after_connect(move |connection, _| {
            Box::pin(async move {
                let probed = probe(connection, accepted).await;
                probed.map_err(|error| Error::Configuration(error.into()))
            })
        })
        .connect_lazy_with(options)
}

/// Whether what this server says is the truth and stays so.
pub(super) async fn probe(
    connection: &mut PgConnection,
    accepted: Accepted,
) -> Result<(), ConnectError> {
    let failing = |error| ConnectError::Failed(failed(error, Intent::Read));
    // In one message: a pooler may lend another connection for the next.
    let row = sqlx::raw_sql(
        "SELECT current_setting('server_version_num')::int / 10000, pg_is_in_recovery(), \
                current_setting('synchronous_commit'), current_setting('default_transaction_isolation')",
    )
    .fetch_one(connection)
    .await
    .map_err(failing)?;
    let version: i32 = row.try_get(0).map_err(failing)?;
    let standby: bool = row.try_get(1).map_err(failing)?;
    let commit: &str = row.try_get(2).map_err(failing)?;
    let isolation: &str = row.try_get(3).map_err(failing)?;
    match () {
        () if version < OLDEST => Err(ConnectError::TooOld(version)),
        () if standby => Err(ConnectError::Standby),
        () if commit == "off" && !accepted.asynchronous_commit => {
            Err(ConnectError::AsynchronousCommit)
        }
        () if isolation != "read committed" && !accepted.any_isolation => {
            Err(ConnectError::Isolation(isolation.to_owned()))
        }
        () => Ok(()),
    }
}
