//! The truth about what is revoked.

use std::fmt;

use async_trait::async_trait;

use super::target::Revocation;
use crate::time::Timestamp;

/// The log of revocations in the store.
///
/// # Contract
/// Whatever a committed change revoked is in the log from the commit on, and
/// stays until it expires by the store's clock. Reading with the cursor of an
/// earlier page gives every row that has been committed since, whatever the
/// order of commits; giving a row twice is harmless, missing one lets a
/// revoked token live.
#[async_trait]
pub trait RevocationLog: fmt::Debug + Send + Sync + 'static {
    /// Reads what has been committed since `after`; everything that has not
    /// expired when `after` is [`Cursor::start`] or comes from another store.
    ///
    /// # Errors
    /// [`LogError`] when the store cannot be read.
    async fn read_log(&self, after: &Cursor) -> Result<LogPage, LogError>;
}

/// The log cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the revocation log cannot be read")]
pub struct LogError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// Where a reader of the log stands; only the store that made it reads it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cursor(String);

impl Cursor {
    /// Before everything.
    pub const fn start() -> Self {
        Self(String::new())
    }

    /// Takes a store's own notation.
    pub const fn from_text(text: String) -> Self {
        Self(text)
    }

    /// The store's own notation; empty at the start.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a reading of the log gave.
#[derive(Clone, Debug)]
pub struct LogPage {
    /// The rows, in no particular order.
    pub rows: Vec<Revocation>,
    /// From where to read on.
    pub next: Cursor,
    /// The store's clock at the reading.
    pub now: Timestamp,
}
