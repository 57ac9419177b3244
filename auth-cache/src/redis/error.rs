use std::error::Error;
use std::sync::Arc;

use redis::{ErrorKind, RedisError, ServerError, ServerErrorKind};

/// Redis did not do what it was asked to, or not as far as is known.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{kind}")]
pub struct LinkError {
    kind: LinkErrorKind,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

/// What went wrong with a call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LinkErrorKind {
    /// Nobody could be asked: no connection, no primary, a server that is
    /// loading or a cluster that is down, or too many calls that wait already.
    /// Nothing was done.
    #[error("no server could be asked")]
    Unavailable,
    /// No answer within the deadline. The command may have been done, may be done
    /// later, or never.
    #[error("the server did not answer in time")]
    TimedOut,
    /// The connection ended before the answer came. The command may have been
    /// done, or may still be.
    #[error("the connection broke before the answer came")]
    Broken,
    /// The server knows the command and refuses it, or does not take our
    /// credentials. Nothing was done, unless it was a script that failed half way.
    #[error("the server refuses with {code}")]
    Refused {
        /// The first word of its answer: `NOPERM`, `WRONGTYPE`, `OOM`.
        code: Arc<str>,
    },
    /// The server is a replica, and no primary was found in its place. Nothing was
    /// done.
    #[error("the server is read-only")]
    ReadOnly,
    /// What came is no answer of Redis, or is larger than is taken, or not what
    /// the question asks for. The command may have been done.
    #[error("the answer makes no sense")]
    WrongReply,
}

impl LinkError {
    pub(crate) fn new(
        kind: LinkErrorKind,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self {
            kind,
            source: Some(Arc::from(source.into())),
        }
    }

    pub(crate) fn unavailable(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(LinkErrorKind::Unavailable, source)
    }

    pub(crate) fn wrong_reply(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(LinkErrorKind::WrongReply, source)
    }

    /// What went wrong.
    pub const fn kind(&self) -> &LinkErrorKind {
        &self.kind
    }

    /// Whether the command may have been done in spite of the error, or may be
    /// done yet.
    pub const fn may_have_happened(&self) -> bool {
        matches!(
            self.kind,
            LinkErrorKind::TimedOut | LinkErrorKind::Broken | LinkErrorKind::WrongReply
        )
    }

    /// Of an error in the place of one answer.
    pub(super) fn of_server(error: &ServerError) -> Self {
        use ServerErrorKind as Known;
        let kind = match error.kind() {
            Some(
                Known::BusyLoading
                | Known::ClusterDown
                | Known::MasterDown
                | Known::TryAgain
                | Known::Moved
                | Known::Ask,
            ) => LinkErrorKind::Unavailable,
            Some(Known::ReadOnly) => LinkErrorKind::ReadOnly,
            // A script of somebody's keeps it from doing anything else.
            None if error.code() == "BUSY" => LinkErrorKind::Unavailable,
            _ => LinkErrorKind::Refused {
                code: error.code().into(),
            },
        };
        Self::new(kind, error.to_string())
    }

    /// Of a call that had been handed to its connection.
    pub(super) fn of_call(error: RedisError) -> Self {
        let is_nonsense = match error.kind() {
            ErrorKind::Parse | ErrorKind::UnexpectedReturnType => true,
            // As the gauge says of what it does not let through.
            ErrorKind::Io => !error.is_connection_dropped() && !error.is_timeout(),
            _ => false,
        };
        let kind = match (error.kind(), is_nonsense) {
            (_, true) => LinkErrorKind::WrongReply,
            _ if error.is_timeout() => LinkErrorKind::TimedOut,
            _ => LinkErrorKind::Broken,
        };
        Self::new(kind, error)
    }

    /// Of an attempt to connect, which did nothing.
    pub(super) fn of_greeting(error: RedisError) -> Self {
        let kind = match error.kind() {
            ErrorKind::AuthenticationFailed => LinkErrorKind::Refused {
                code: error.code().unwrap_or("AUTH").into(),
            },
            ErrorKind::Server(_) | ErrorKind::Extension
                if !matches!(
                    error.kind(),
                    ErrorKind::Server(ServerErrorKind::BusyLoading | ServerErrorKind::MasterDown)
                ) =>
            {
                LinkErrorKind::Refused {
                    code: error.code().unwrap_or("ERR").into(),
                }
            }
            _ => LinkErrorKind::Unavailable,
        };
        Self::new(kind, error)
    }
}

impl From<LinkErrorKind> for LinkError {
    fn from(kind: LinkErrorKind) -> Self {
        Self { kind, source: None }
    }
}

/// A link could not be built from what it was given.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LinkConfigError {
    /// Not `redis://` or `rediss://` (`valkey://`, `valkeys://`) with a host and,
    /// if any, user, password, port and number of a database.
    #[error("not the address of a Redis")]
    Url(#[source] Box<dyn Error + Send + Sync>),
    /// There is none to ask.
    #[error("no address was given")]
    NoAddress,
    /// The addresses do not say the same of TLS, credentials or the database.
    #[error("the addresses differ in more than host and port")]
    Mixed,
    /// A Cluster has one database, 0.
    #[error("a cluster has no other database than 0")]
    Database,
    /// A limit of nothing.
    #[error("{0} must not be zero")]
    Zero(&'static str),
    /// Certificates or a key that are none, or that do not fit each other.
    #[error("the certificates or the key cannot be used")]
    Certificates(#[source] Box<dyn Error + Send + Sync>),
}
