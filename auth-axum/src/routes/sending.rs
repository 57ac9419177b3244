//! Password resets on their way to their users, behind the answer's back.

use std::sync::Arc;
use std::time::Duration;

use auth_sdk::{PasswordReset, SendPasswordReset};
use tokio::sync::Semaphore;
use tracing::Instrument;

/// Sends password resets, so many at a time.
#[derive(Clone, Debug)]
pub(super) struct Sending {
    sender: Arc<dyn SendPasswordReset>,
    places: Arc<Semaphore>,
}

/// More than a mail server is given at once.
const AT_ONCE: usize = 64;

/// Longer than a mail server takes; nobody waits for it.
const PATIENCE: Duration = Duration::from_secs(30);

impl Sending {
    pub(super) fn by(sender: Arc<dyn SendPasswordReset>) -> Self {
        Self {
            sender,
            places: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    /// Begins to send, in a task: of nobody's reset too, so that all answers cost
    /// the same.
    pub(super) fn begin(&self, reset: Option<PasswordReset>) {
        let Self { sender, places } = self.clone();
        let sending = async move {
            let Some(reset) = reset else {
                return;
            };
            let user = reset.user.id;
            let Ok(_place) = places.try_acquire() else {
                tracing::warn!(%user, "a password reset is not sent: too many are being sent");
                return;
            };
            match tokio::time::timeout(PATIENCE, sender.send(reset)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    tracing::warn!(%user, error = &*error as &dyn std::error::Error, "a password reset is not sent");
                }
                Err(_) => {
                    tracing::warn!(%user, patience = ?PATIENCE, "a password reset is not sent in time");
                }
            }
        };
        drop(tokio::spawn(sending.in_current_span()));
    }
}
