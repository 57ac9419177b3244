//! Others, who are told to forget.

use std::fmt;
use std::pin::Pin;

use auth_cache::tiered::Unavailable;

type Told = Pin<Box<dyn Future<Output = Result<(), Unavailable>> + Send>>;

/// What other instances are being told. This process has forgotten it already.
#[derive(Default)]
#[must_use = "whoever is answered expects that others were told"]
pub(crate) struct Telling(Vec<Told>);

impl Telling {
    pub(crate) fn add(
        &mut self,
        told: impl Future<Output = Result<(), Unavailable>> + Send + 'static,
    ) {
        self.0.push(Box::pin(told));
    }

    /// Waits until all were told, for as long as the tier may take. What was
    /// committed stays committed if they were not: the cache goes on telling them.
    pub(crate) async fn end(self) {
        let mut untold = None;
        for told in self.0 {
            untold = told.await.err().or(untold);
        }
        if let Some(error) = untold {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(error, "other instances are not told to forget yet");
        }
    }
}

impl fmt::Debug for Telling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Telling").field(&self.0.len()).finish()
    }
}
