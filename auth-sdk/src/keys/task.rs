//! The one who looks after the keys, in the background.

use std::sync::{Arc, Weak};
use std::time::Duration;

use auth_core::draw;
use tokio::task::AbortHandle;

use super::StoredKeys;

/// The background task. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Tending(AbortHandle);

/// The longest pause after a failure.
const RETRY: Duration = Duration::from_secs(5);

impl Tending {
    /// Begins to look after `keys`: reads them again every `reload`, and stores
    /// the next one when it is due.
    pub(crate) fn begin(keys: &Arc<StoredKeys>) -> Self {
        Self(tokio::spawn(run(Arc::downgrade(keys))).abort_handle())
    }

    /// Ends it.
    pub(crate) fn end(&self) {
        self.0.abort();
    }
}

impl Drop for Tending {
    fn drop(&mut self) {
        self.end();
    }
}

async fn run(keys: Weak<StoredKeys>) {
    let mut is_failing = false;
    loop {
        let Some(pause) = keys.upgrade().map(|keys| pause(&keys, is_failing)) else {
            return;
        };
        tokio::time::sleep(pause).await;
        let Some(keys) = keys.upgrade() else {
            return;
        };
        let mut outcome = keys.look_after().await;
        if outcome.is_ok() {
            outcome = keys.forget().await;
        }
        let failed_before = std::mem::replace(&mut is_failing, outcome.is_err());
        match (outcome, failed_before) {
            (Ok(()), true) => tracing::info!("signing keys can be read again"),
            (Err(error), false) => tracing::warn!(%error, "signing keys cannot be looked after"),
            (Err(error), true) => tracing::debug!(%error, "signing keys cannot be looked after"),
            (Ok(()), false) => {}
        }
    }
}

/// A little less than asked for, so that many instances do not ask at once.
fn pause(keys: &StoredKeys, is_failing: bool) -> Duration {
    let longest = if is_failing {
        keys.rotation.reload.min(RETRY)
    } else {
        keys.rotation.reload
    };
    // Without randomness there is no jitter, and no harm.
    let [noise] = draw(&*keys.random).unwrap_or_default();
    longest.saturating_sub(longest / 2_550 * u32::from(noise))
}
