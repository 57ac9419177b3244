//! How a document is asked for.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use url::Url;

/// Fetches public documents: key sets and discovery documents.
///
/// # Contract
/// - The body comes from the owner of `url` and nobody else: over `https`, with
///   the certificate verified, and without following a redirect. Who can put in
///   a body can be anybody.
/// - It ends: with an error after some seconds, whatever the other side does.
///   The future may be dropped at any point.
/// - Only status 200 is a success.
/// - Bodies of more than [`Fetched::MAX_LEN`] bytes are refused before they are
///   read to their end; an endless one would take all memory.
/// - No credentials, cookies or caches are involved.
#[async_trait]
pub trait Fetch: fmt::Debug + Send + Sync + 'static {
    /// Fetches the document at `url`.
    ///
    /// # Errors
    /// [`FetchError`] when there is none to be had.
    async fn fetch(&self, url: &Url) -> Result<Fetched, FetchError>;
}

/// A fetch that breaks its contract and does not end is ended.
const LONGEST_FETCH: Duration = Duration::from_secs(10);

/// Fetches, and ends in any case.
pub(super) async fn fetch(port: &dyn Fetch, url: &Url) -> Result<Fetched, FetchError> {
    tokio::time::timeout(LONGEST_FETCH, port.fetch(url))
        .await
        .map_err(|error| FetchError::new(FetchErrorKind::TimedOut, error))?
}

/// A document.
#[derive(Clone, Debug)]
pub struct Fetched {
    body: Vec<u8>,
}

impl Fetched {
    /// The most bytes a document may have: 256 KiB.
    pub const MAX_LEN: usize = 256 * 1024;

    /// A document of these bytes.
    ///
    /// # Errors
    /// [`FetchErrorKind::TooLarge`] when they are more than
    /// [`MAX_LEN`](Self::MAX_LEN).
    pub fn new(body: impl Into<Vec<u8>>) -> Result<Self, FetchError> {
        let body = body.into();
        if body.len() > Self::MAX_LEN {
            return Err(FetchErrorKind::TooLarge.into());
        }
        Ok(Self { body })
    }

    /// The bytes.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The text, if it is one.
    pub(super) fn text(&self) -> Option<&str> {
        str::from_utf8(&self.body).ok()
    }
}

/// A document could not be fetched.
#[derive(Debug, thiserror::Error)]
#[error("{kind}")]
pub struct FetchError {
    kind: FetchErrorKind,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// Why a document could not be fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FetchErrorKind {
    /// The address is not one to be asked; nobody was.
    #[error("the address is refused")]
    Refused,
    /// Nobody is reached there, or their certificate is no good.
    #[error("no connection could be made")]
    Connect,
    /// It took too long.
    #[error("the answer took too long")]
    TimedOut,
    /// Another HTTP status than 200; redirects are among these.
    #[error("the answer has the status {0}")]
    Status(u16),
    /// The answer has more than [`Fetched::MAX_LEN`] bytes.
    #[error("the answer is longer than {} bytes", Fetched::MAX_LEN)]
    TooLarge,
    /// The answer broke off or is none.
    #[error("the answer is broken")]
    Broken,
}

impl FetchError {
    /// With what went wrong below.
    pub fn new(kind: FetchErrorKind, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            kind,
            source: Some(source.into()),
        }
    }

    /// Why.
    pub const fn kind(&self) -> FetchErrorKind {
        self.kind
    }
}

impl From<FetchErrorKind> for FetchError {
    fn from(kind: FetchErrorKind) -> Self {
        Self { kind, source: None }
    }
}
