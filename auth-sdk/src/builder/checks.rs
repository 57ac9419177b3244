//! What is refused before anything is asked of the store.

use std::time::Duration;

use auth_core::reset::ResetToken;
use auth_store::Rotation;

use super::AuthBuilder;
use crate::auth::{Lifetimes, MAX_ACCESS_TOKEN};
use crate::build_error::BuildError;

/// Longer than any client waits.
const MAX_RESPONSE_FLOOR: Duration = Duration::from_secs(10);

impl AuthBuilder {
    pub(super) fn check(&self) -> Result<(), BuildError> {
        self.check_lifetimes()?;
        if self.store.attempt_store().is_none() && !self.unlimited_attempts {
            return Err(BuildError::NoAttempts);
        }
        if self.store.api_key_store().is_none() && self.api_keys.is_some() {
            return Err(BuildError::NoApiKeys);
        }
        if self.events && self.store.outbox_store().is_none() {
            return Err(BuildError::NoOutbox);
        }
        self.check_keys()?;
        self.lookups.check()
    }

    fn check_keys(&self) -> Result<(), BuildError> {
        if self.keys.is_some() && self.backend.is_some() {
            return Err(BuildError::OwnKeysBackend);
        }
        match (&self.keys, &self.rotation) {
            (None, rotation) => rotation
                .unwrap_or_default()
                .check()
                .map_err(BuildError::KeyRotation),
            (Some(_), Some(_)) => Err(BuildError::KeyRotation(
                "the application's own signing keys are not changed by the SDK: give keys or a rotation",
            )),
            (Some(own), None) if own.signer().is_ephemeral() && self.store.is_persistent() => {
                Err(BuildError::EphemeralKey)
            }
            (Some(_), None) => Ok(()),
        }
    }

    fn check_lifetimes(&self) -> Result<(), BuildError> {
        let Lifetimes {
            idle,
            absolute,
            grace,
            reset,
        } = self.lifetimes;
        let token = self.access_token;
        let wrong = if token < Duration::from_secs(10) || token > MAX_ACCESS_TOKEN {
            "an access token must live 10 s to 1 h"
        } else if token.subsec_nanos() != 0 {
            "an access token's lifetime must be whole seconds"
        } else if idle < token {
            "a session must outlive an access token"
        } else if absolute < idle {
            "a session's absolute lifetime must not be shorter than its idle one"
        } else if absolute > Duration::from_secs(400 * 24 * 3600) {
            "a session must end within 400 days"
        } else if grace > Rotation::MAX_GRACE {
            "the rotation grace must not exceed 60 s"
        } else if reset < Duration::from_secs(60) || reset > ResetToken::MAX_LIFETIME {
            "a password reset must live 1 min to 1 h"
        } else if self.response_floor > Some(MAX_RESPONSE_FLOOR) {
            "the response floor must not exceed 10 s"
        } else {
            return Ok(());
        };
        Err(BuildError::Lifetime(wrong))
    }
}
