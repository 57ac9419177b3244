//! Why a store cannot be had.

use crate::error::StoreError;

/// A [`PgStore`](super::PgStore) cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The schema's name is not made of `a-z`, `0-9` and `_`, or is the
    /// server's or the application's own (`pg_…`, `public`).
    #[error("`{0}` cannot be the name of the store's own schema")]
    Schema(String),
    /// The URL cannot be read.
    #[error("the database URL cannot be read")]
    Url(#[source] StoreError),
    /// The server is older than version 13.
    #[error("the server has version {0}; the store needs PostgreSQL 13 or later")]
    TooOld(i32),
    /// The server follows another one. What it says may be out of date, and
    /// nothing can be written to it.
    #[error("the server is a standby; the store needs the primary")]
    Standby,
    /// `synchronous_commit` is off: the server reports as done what a crash
    /// undoes. Spent refresh tokens would live again.
    #[error("synchronous_commit is off on the server: what it acknowledges can be lost")]
    AsynchronousCommit,
    /// Something between us and the server ignores the settings of a session,
    /// and transactions do not begin as READ COMMITTED.
    #[error("transactions begin as {0}, not as read committed; is `options` ignored by a pooler?")]
    Isolation(String),
    /// A migration that was applied is not the one this version knows.
    #[error("migration {version} was applied in another form; the schema is not this version's")]
    Altered {
        /// Which one.
        version: i64,
    },
    /// A later version of this crate has been here.
    #[error("the schema is newer than this version of the store: it has migration {version}")]
    Newer {
        /// The last one that was applied.
        version: i64,
    },
    /// The schema is older than this version, and is not to be migrated here.
    #[error(
        "migration {version} is missing; it is applied by connecting with migrations, or by its script"
    )]
    Outdated {
        /// The first one that is missing.
        version: i64,
    },
    /// A migration failed; nothing was changed.
    #[error("migration {version} failed")]
    Migration {
        /// Which one.
        version: i64,
        /// What the server said.
        source: StoreError,
    },
    /// The server cannot be reached, or failed.
    #[error("the database cannot be used")]
    Failed(#[source] StoreError),
}
