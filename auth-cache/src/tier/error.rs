//! A tier that does not answer.

use std::error::Error;

/// The second level could not do what it was asked to. Never an answer to a look-up:
/// the source is asked instead.
#[derive(Debug, thiserror::Error)]
#[error("the second level failed")]
pub struct TierError(#[source] Box<dyn Error + Send + Sync>);

impl TierError {
    /// For a reason.
    pub fn new(reason: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(reason.into())
    }
}
