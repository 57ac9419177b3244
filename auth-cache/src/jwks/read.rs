//! Reading a document as a key set, and saying what is odd about it.

use std::error::Error;

use auth_core::key::{Backend, KeyError, KeySet, KeySetError};

use super::fetch::{FetchError, Fetched};

/// A fetch brought no key set.
#[derive(Debug, thiserror::Error)]
pub(super) enum RefreshError {
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error(transparent)]
    Set(#[from] KeySetError),
    #[error("the fetch panicked")]
    Panicked,
}

/// A key set, and what was skipped of it.
pub(super) type Read = (KeySet, Vec<(usize, KeyError)>);

/// Reads a document, its keys for `backend`.
pub(super) fn read(fetched: &Fetched, backend: Backend) -> Result<Read, RefreshError> {
    let text = fetched.text().ok_or(KeySetError::Malformed)?;
    Ok(KeySet::from_jwks_on(backend, text)?)
}

/// Tells the operator what came of the fetches. Outside all locks: whoever
/// writes logs may take time.
#[derive(Debug)]
pub(super) struct Reporter {
    url: String,
    /// The set that came last, and what was skipped of it.
    last: KeySet,
    skipped: Vec<(usize, KeyError)>,
}

impl Reporter {
    pub(super) fn new(url: String) -> Self {
        Self {
            url,
            last: KeySet::default(),
            skipped: Vec::new(),
        }
    }

    /// Says what is odd, of keys that stay skipped only once, and gives the
    /// set.
    pub(super) fn report(&mut self, outcome: Result<Read, RefreshError>) -> Option<KeySet> {
        let url = &*self.url;
        match outcome {
            Ok((set, skipped)) => {
                self.compare(&set, &skipped);
                self.last = set;
                self.skipped = skipped;
                Some(self.last.clone())
            }
            Err(RefreshError::Set(error @ KeySetError::Private)) => {
                tracing::error!(url, %error, "key set refused, the last good one is kept");
                None
            }
            Err(error) => {
                let source = error.source().map(tracing::field::display);
                tracing::warn!(url, %error, source, "no key set, the last good one is kept");
                None
            }
        }
    }

    fn compare(&self, set: &KeySet, skipped: &[(usize, KeyError)]) {
        let url = &*self.url;
        if self.skipped != skipped {
            for (place, reason) in skipped {
                tracing::warn!(url, place, %reason, "key of the key set skipped");
            }
        }
        if set.iter().next().is_none() {
            tracing::warn!(url, "the key set has no key that can be used");
        }
        for old in self.last.iter() {
            let is_reused = set
                .iter()
                .find(|new| new.kid() == old.kid())
                .is_some_and(|new| new.thumbprint() != old.thumbprint());
            if is_reused {
                tracing::warn!(
                    url,
                    kid = old.kid(),
                    "the key id names another key than before"
                );
            }
        }
    }
}
