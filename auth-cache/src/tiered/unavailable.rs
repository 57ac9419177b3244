//! The third answer.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use auth_core::Code;

/// Neither yes nor no: it could not be found out. Never kept by a cache, and
/// never a "no" to a caller: it becomes a 503, not a 401 or 404.
///
/// Everybody who waited for one load is given clones of one of these.
#[derive(Clone)]
pub struct Unavailable {
    reason: Reason,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

/// Why it could not be found out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The loader said that it could not tell.
    Source,
    /// The loader had not answered by the deadline of loads.
    LoadTimedOut,
    /// The caller's own deadline came first; the load goes on.
    DeadlinePassed,
    /// More loads are waiting than the source may be asked for
    /// ([bulkhead](super::guard::bulkhead)).
    Overloaded,
    /// The loader panicked.
    Panicked,
    /// The runtime that loads run on is gone.
    ShutDown,
    /// The second level could not be told of an invalidation. This process has
    /// forgotten the value and does not read it from there; others may serve it
    /// until they are told or it expires.
    Tier,
}

impl Unavailable {
    pub(crate) const fn new(reason: Reason) -> Self {
        Self {
            reason,
            source: None,
        }
    }

    pub(crate) fn because(reason: Reason, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            reason,
            source: Some(Arc::from(source.into())),
        }
    }

    /// Why.
    pub const fn reason(&self) -> Reason {
        self.reason
    }

    /// What a caller over HTTP or gRPC is told.
    pub const fn code(&self) -> Code {
        match self.reason {
            Reason::Overloaded => Code::Overloaded,
            _ => Code::Unavailable,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Source => "the source could not be asked",
            Self::LoadTimedOut => "the source did not answer in time",
            Self::DeadlinePassed => "the answer did not come in time",
            Self::Overloaded => "too many loads are waiting for the source",
            Self::Panicked => "the loader panicked",
            Self::ShutDown => "the runtime of the cache is gone",
            Self::Tier => "the second level could not be told of an invalidation",
        })
    }
}

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reason.fmt(f)
    }
}

impl fmt::Debug for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unavailable")
            .field("reason", &self.reason)
            .field("source", &self.source)
            .finish()
    }
}

impl Error for Unavailable {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source
            .as_deref()
            .map(|source| source as &(dyn Error + 'static))
    }
}
