//! A request that was done is said to be done.

use std::error::Error;
use std::time::Duration;

use auth_core::Sealed;
use auth_core::idempotency::IdempotencyError;
use tokio::time::{Instant, sleep, timeout_at};
use tracing::Instrument;

use super::service::Doing;

/// The first wait after a failure; each is twice as long, up to the longest.
const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(2);

/// Says that it is done, and what of its answer is kept.
///
/// What cannot be said is said again until `lost_at`, by a task of its own: its
/// client has the answer sooner, and if it asks again it must not be done twice.
pub(super) async fn complete(doing: Doing, kept: Option<Vec<u8>>, lost_at: Instant) {
    let keys = &doing.settings.keys;
    let seal = |kept: Vec<u8>| doing.remembered.seal(keys.roots(), &kept, keys.random());
    // Without randomness it is done, and its answer not kept.
    let sealed = kept.and_then(|kept| seal(kept).ok());
    match timeout_at(lost_at, attempt(&doing, sealed.as_ref())).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            let error = &error as &dyn Error;
            tracing::warn!(error, "that a request is done could not be stored yet");
            let again = async move {
                let again = timeout_at(lost_at, again(&doing, sealed.as_ref()));
                again.await.unwrap_or_else(|_| given_up());
            };
            tokio::spawn(again.in_current_span());
        }
        Err(_) => given_up(),
    }
}

async fn again(doing: &Doing, sealed: Option<&Sealed>) {
    let mut wait = FIRST;
    loop {
        sleep(wait).await;
        match attempt(doing, sealed).await {
            Ok(()) => return,
            Err(error) => tracing::debug!(error = &error as &dyn Error, "it still could not"),
        }
        wait = (wait * 2).min(LONGEST);
    }
}

async fn attempt(doing: &Doing, sealed: Option<&Sealed>) -> Result<(), IdempotencyError> {
    let store = doing.settings.keys.store();
    let completing = store.complete_request(&doing.remembered, doing.owner, sealed);
    if !completing.await? {
        tracing::error!("a request was taken for lost while it was done");
    }
    Ok(())
}

fn given_up() {
    tracing::error!("that a request is done could not be stored; it may be done again");
}
