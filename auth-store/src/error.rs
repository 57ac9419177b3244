//! Why a store did not do what it was asked.

/// A boxed source of an error.
type Source = Box<dyn std::error::Error + Send + Sync>;

/// A store could not do what it was asked. What a store *decides* (taken,
/// expired, reused) is an outcome, never an error.
#[derive(Debug, thiserror::Error)]
#[error("{kind}")]
pub struct StoreError {
    kind: StoreErrorKind,
    #[source]
    source: Option<Source>,
}

/// What kind of failure it was, which says what the caller may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// The store cannot be reached, is starting, read-only or full. Nothing
    /// was changed.
    #[error("the store is unavailable")]
    Unavailable,
    /// The store did not answer in time. Nothing was changed, or the answer
    /// would not have changed anything.
    #[error("the store did not answer in time")]
    Timeout,
    /// The connection was lost with a change in flight: it may or may not be
    /// committed. Read what it would have changed, by id, before telling
    /// anybody that it failed: the same command again may find its own work
    /// done and say so (`Taken`, `Moved`, nothing ended).
    #[error("the store may or may not have committed the change")]
    OutcomeUnknown,
    /// What is stored makes no sense: a damaged file, a foreign schema.
    #[error("the store holds data that cannot be right")]
    Corrupt,
    /// Anything else.
    #[error("the store failed")]
    Other,
}

impl StoreError {
    /// A failure of this kind, caused by `source`.
    pub fn new(kind: StoreErrorKind, source: impl Into<Source>) -> Self {
        Self {
            kind,
            source: Some(source.into()),
        }
    }

    /// What kind of failure it was.
    pub const fn kind(&self) -> StoreErrorKind {
        self.kind
    }
}

impl From<StoreErrorKind> for StoreError {
    fn from(kind: StoreErrorKind) -> Self {
        Self { kind, source: None }
    }
}

impl From<StoreError> for auth_core::revocation::LogError {
    fn from(error: StoreError) -> Self {
        Self(Box::new(error))
    }
}

impl From<StoreError> for auth_core::idempotency::IdempotencyError {
    fn from(error: StoreError) -> Self {
        Self(Box::new(error))
    }
}
