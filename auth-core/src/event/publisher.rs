//! Where events go.

use std::fmt;

use async_trait::async_trait;

use super::Event;

/// A bus, or whatever else hears of events.
///
/// # Contract
/// `Ok` means that the bus has the event and keeps it: acknowledged by as many
/// of its nodes as the application relies on, not only sent. An event that is
/// called published and is not is lost for good.
///
/// The events of one call are of different subjects, so they may be sent side
/// by side; order is the relay's. The same event may be handed over again, after
/// an answer that was lost; its [`id`](Event::id) says so to whoever consumes it.
#[async_trait]
pub trait Publisher: fmt::Debug + Send + Sync + 'static {
    /// Publishes events; one result for each, in their order. A result that is
    /// missing counts as [`Unavailable`](PublishErrorKind::Unavailable).
    async fn publish(&self, batch: &[Event]) -> Vec<Result<(), PublishError>>;
}

/// An event was not published, or nobody knows.
#[derive(Debug, thiserror::Error)]
#[error("{kind}")]
pub struct PublishError {
    kind: PublishErrorKind,
    #[source]
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// Whose fault it is, which says what becomes of the event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PublishErrorKind {
    /// The bus cannot be reached, is not set up, or did not answer in time. The
    /// event waits, however long that lasts.
    #[error("the bus is unavailable")]
    Unavailable,
    /// The bus does not take this event: it is too large, say. After some more
    /// attempts it becomes a dead letter.
    #[error("the bus does not take the event")]
    Rejected,
}

impl PublishError {
    /// A failure of this kind, caused by `source`, whose text an operator may
    /// read beside the event.
    pub fn new(
        kind: PublishErrorKind,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self {
            kind,
            source: Some(source.into()),
        }
    }

    /// Whose fault it is.
    pub const fn kind(&self) -> PublishErrorKind {
        self.kind
    }
}

impl From<PublishErrorKind> for PublishError {
    fn from(kind: PublishErrorKind) -> Self {
        Self { kind, source: None }
    }
}
