//! Building a verifier.

use std::sync::Arc;
use std::time::Duration;

use super::{Shared, Verifier};
use crate::clock::{Clock, SystemClock};
use crate::issuer::{Audience, Issuer};
use crate::jwt::{TokenIssuer, TokenPolicy};
use crate::key::KeySource;
use crate::revocation::RevocationView;

/// Builds a [`Verifier`].
///
/// # Defaults
/// - leeway: 0 s
/// - longest token lifetime: 1 h
/// - longest token: 8 KiB
/// - clock: the system's
/// - revocations: none, and not building one without a word about it
#[derive(Debug)]
pub struct VerifierBuilder {
    policy: TokenPolicy,
    keys: Arc<dyn KeySource>,
    revocations: Revocations,
    clock: Arc<dyn Clock>,
}

#[derive(Debug)]
enum Revocations {
    Unsaid,
    None,
    View(RevocationView),
}

/// A verifier cannot be built as asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifierBuildError {
    /// Neither a view of revocations nor the wish to do without was given.
    #[error("say with_revocations(view), or without_revocations() if tokens shall live until exp")]
    RevocationsUnsaid,
    /// A leeway of more than 60 s.
    #[error("the leeway may not exceed 60 s")]
    Leeway,
}

impl VerifierBuilder {
    pub(super) fn new(issuer: &Issuer, audience: &Audience, keys: Arc<dyn KeySource>) -> Self {
        Self {
            policy: TokenPolicy {
                issuer: issuer.as_str().to_owned(),
                audience: audience.as_str().to_owned(),
                leeway: Duration::ZERO,
                max_lifetime: Duration::from_secs(3600),
                max_len: TokenIssuer::MAX_LEN,
            },
            keys,
            revocations: Revocations::Unsaid,
            clock: Arc::new(SystemClock),
        }
    }

    /// Rejects what `view` knows to be revoked. Tokens must then say what they
    /// stand on: `sid`, `tid`, `ver`, `tver`.
    pub fn with_revocations(mut self, view: RevocationView) -> Self {
        self.revocations = Revocations::View(view);
        self
    }

    /// Accepts every valid token until it expires, logged out or not.
    pub fn without_revocations(mut self) -> Self {
        self.revocations = Revocations::None;
        self
    }

    /// Tolerates clocks that disagree by up to `leeway`, at most 60 s.
    pub const fn with_leeway(mut self, leeway: Duration) -> Self {
        self.policy.leeway = leeway;
        self
    }

    /// Refuses tokens that live longer than `lifetime`.
    pub const fn with_max_lifetime(mut self, lifetime: Duration) -> Self {
        self.policy.max_lifetime = lifetime;
        self
    }

    /// Takes the time from `clock`.
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Builds it.
    ///
    /// # Errors
    /// [`VerifierBuildError`] names what is unsafe or was left unsaid.
    pub fn build(self) -> Result<Verifier, VerifierBuildError> {
        if self.policy.leeway > TokenPolicy::MAX_LEEWAY {
            return Err(VerifierBuildError::Leeway);
        }
        let revocations = match self.revocations {
            Revocations::Unsaid => return Err(VerifierBuildError::RevocationsUnsaid),
            Revocations::None => None,
            Revocations::View(view) => Some(view),
        };
        let Self {
            policy,
            keys,
            clock,
            ..
        } = self;
        Ok(Verifier {
            shared: Arc::new(Shared {
                policy,
                keys,
                revocations,
                clock,
            }),
        })
    }
}
