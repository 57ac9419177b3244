//! What SQLite's failures mean.

use std::io;
use std::path::{Path, PathBuf};

use sqlx::migrate::MigrateError;

use crate::error::{StoreError, StoreErrorKind};
use crate::sql;

// Primary result codes, <https://www.sqlite.org/rescode.html>.
const ERROR: u8 = 1;
const PERM: u8 = 3;
const BUSY: u8 = 5;
const LOCKED: u8 = 6;
const NOMEM: u8 = 7;
const READONLY: u8 = 8;
const IOERR: u8 = 10;
const CORRUPT: u8 = 11;
const FULL: u8 = 13;
const CANTOPEN: u8 = 14;
const NOTADB: u8 = 26;

/// A [`SqliteStore`](crate::SqliteStore) cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// What was given is a URL or a special name of SQLite, not the path of a
    /// file.
    #[error(
        "`{path}` is not a file path: give one such as `auth.db`, without `sqlite:` \
         (to keep everything in memory, use `MemoryStore`)"
    )]
    NotAPath {
        /// What was given.
        path: PathBuf,
    },
    /// There is a directory, a device or a socket of this name.
    #[error("`{path}` is not a regular file")]
    NotAFile {
        /// The path that was given.
        path: PathBuf,
    },
    /// The directory that the file is to be in does not exist.
    #[error("the directory of `{path}` does not exist: create it first")]
    NoDirectory {
        /// The path that was given.
        path: PathBuf,
    },
    /// The file, or the directory it is in, cannot be written to; SQLite keeps
    /// its write-ahead log beside the file.
    #[error("`{path}` or its directory cannot be written to")]
    NotWritable {
        /// The path that was given.
        path: PathBuf,
        /// What the system or SQLite says.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Another process, or another store of this process, has it open: each
    /// would miss what the other revokes.
    #[error(
        "`{path}` is already in use by another process, or by another store in this one: \
         share one by cloning it; several processes need `PgStore`"
    )]
    InUse {
        /// The path that was given.
        path: PathBuf,
    },
    /// Another connection, not of this SDK, holds the database locked.
    #[error("`{path}` is locked by another connection")]
    Locked {
        /// The path that was given.
        path: PathBuf,
        /// What SQLite says.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The file is something else, or damaged.
    #[error("`{path}` is not a SQLite database, or it is damaged")]
    NotADatabase {
        /// The path that was given.
        path: PathBuf,
        /// What SQLite says.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The database has tables whose names begin with `auth_` and which this
    /// SDK did not make, or which were altered.
    #[error("`{path}` has `auth_` tables that are not of this SDK, or were altered")]
    ForeignSchema {
        /// The path that was given.
        path: PathBuf,
        /// What was found.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A newer version of this SDK has changed the schema.
    #[error("`{path}` was written by a newer version of this SDK (schema {schema}): update it")]
    NewerSchema {
        /// The path that was given.
        path: PathBuf,
        /// The schema version that this build does not know.
        schema: i64,
    },
    /// Anything else.
    #[error("`{path}` cannot be opened")]
    Other {
        /// The path that was given.
        path: PathBuf,
        /// What the system or SQLite says.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl OpenError {
    pub(super) fn io(path: &Path, error: io::Error) -> Self {
        let (path, kind, source) = (path.to_owned(), error.kind(), error.into());
        match kind {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Self::NoDirectory { path },
            io::ErrorKind::IsADirectory => Self::NotAFile { path },
            io::ErrorKind::PermissionDenied
            | io::ErrorKind::ReadOnlyFilesystem
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::StorageFull => Self::NotWritable { path, source },
            _ => Self::Other { path, source },
        }
    }

    pub(super) fn sqlite(path: &Path, error: sqlx::Error) -> Self {
        let (path, code, source) = (path.to_owned(), primary_code(&error), Box::new(error));
        match code {
            Some(BUSY | LOCKED) => Self::Locked { path, source },
            Some(PERM | READONLY | FULL | CANTOPEN) => Self::NotWritable { path, source },
            Some(CORRUPT | NOTADB) => Self::NotADatabase { path, source },
            Some(ERROR) => Self::ForeignSchema { path, source },
            _ => Self::Other { path, source },
        }
    }

    pub(super) fn migrate(path: &Path, error: MigrateError) -> Self {
        match error {
            MigrateError::VersionMissing(schema) => Self::NewerSchema {
                path: path.to_owned(),
                schema,
            },
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
                Self::sqlite(path, error)
            }
            MigrateError::VersionMismatch(_) | MigrateError::Dirty(_) => Self::ForeignSchema {
                path: path.to_owned(),
                source: error.into(),
            },
            error => Self::Other {
                path: path.to_owned(),
                source: error.into(),
            },
        }
    }
}

/// A statement failed, and nothing of it was kept.
pub(super) fn failed(error: sqlx::Error) -> StoreError {
    StoreError::new(kind(&error), error)
}

/// What kind of failure of a statement it was.
pub(super) fn kind(error: &sqlx::Error) -> StoreErrorKind {
    if let Some(kind) = sql::kind(error) {
        return kind;
    }
    match primary_code(error) {
        Some(BUSY | LOCKED) => StoreErrorKind::Timeout,
        Some(PERM | NOMEM | READONLY | IOERR | FULL | CANTOPEN) => StoreErrorKind::Unavailable,
        // ERROR: no such table or column; the statements are constants.
        Some(CORRUPT | NOTADB | ERROR) => StoreErrorKind::Corrupt,
        _ => StoreErrorKind::Other,
    }
}

/// What kind of failure of a COMMIT it was. After an I/O error the commit may
/// be in the write-ahead log and come to life when that is recovered.
pub(super) fn commit_kind(error: &sqlx::Error) -> StoreErrorKind {
    match primary_code(error) {
        Some(BUSY | LOCKED) => StoreErrorKind::Timeout,
        Some(READONLY | FULL) => StoreErrorKind::Unavailable,
        _ => StoreErrorKind::OutcomeUnknown,
    }
}

/// The low byte of the extended result code.
fn primary_code(error: &sqlx::Error) -> Option<u8> {
    let code: i32 = error.as_database_error()?.code()?.parse().ok()?;
    code.to_le_bytes().first().copied()
}
