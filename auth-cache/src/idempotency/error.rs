use auth_core::idempotency::IdempotencyError;

use crate::redis::{LinkError, LinkErrorKind};

/// Why a [`RedisIdempotency`](super::RedisIdempotency) cannot say: what is in its
/// [`IdempotencyError`]s.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RedisIdempotencyError {
    /// Redis did not do it, or not as far as is known. A request that was to begin must
    /// not be done; its key may be taken until the lease is over.
    #[error("redis was not asked, or did not answer")]
    Link(#[source] LinkError),
    /// Under the name of the request there is something that nobody here has put there.
    /// It stays, and so does this error, until somebody removes it.
    #[error("under its name there is something that is no request")]
    NotARequest(#[source] LinkError),
    /// The answer is larger than [is kept](super::RedisIdempotencyBuilder::with_largest_answer).
    /// That the request is done is remembered all the same.
    #[error("the answer has {bytes} bytes, of which no more than {most} are kept")]
    AnswerTooLarge {
        /// How many it has.
        bytes: usize,
        /// How many it may have.
        most: usize,
    },
}

impl From<LinkError> for RedisIdempotencyError {
    fn from(error: LinkError) -> Self {
        match error.kind() {
            LinkErrorKind::Refused { code } if &**code == "WRONGTYPE" => Self::NotARequest(error),
            _ => Self::Link(error),
        }
    }
}

impl From<RedisIdempotencyError> for IdempotencyError {
    fn from(error: RedisIdempotencyError) -> Self {
        Self(Box::new(error))
    }
}
