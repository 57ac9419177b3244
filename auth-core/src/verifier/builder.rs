//! Building a verifier.

use std::sync::Arc;
use std::time::Duration;

use super::{Shared, Verifier};
use crate::clock::{Clock, SystemClock};
use crate::issuer::{Audience, Issuer};
use crate::jwt::{TokenIssuer, TokenPolicy};
use crate::key::{Algorithm, KeySource};
use crate::revocation::RevocationView;

/// Builds a [`Verifier`].
///
/// # Defaults
/// - algorithm: the one that the key is bound to
/// - `typ`: `at+jwt`, with or without `application/` (RFC 9068 §4)
/// - claims: `iss`, `sub`, `aud` and `exp` always; `iat` and `jti`
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
    /// 64 required claims or more.
    #[error("at most 63 claims can be required")]
    RequiredClaims,
}

impl VerifierBuilder {
    pub(super) fn new(issuer: &Issuer, audience: &Audience, keys: Arc<dyn KeySource>) -> Self {
        Self {
            policy: TokenPolicy {
                issuer: issuer.as_str().to_owned(),
                audiences: vec![audience.as_str().to_owned()],
                algorithms: None,
                types: ["at+jwt", "application/at+jwt"].map(str::to_owned).to_vec(),
                required: ["iat", "jti"].map(str::to_owned).to_vec(),
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

    /// Accepts tokens for `audience` too.
    pub fn with_audience(mut self, audience: &Audience) -> Self {
        self.policy.audiences.push(audience.as_str().to_owned());
        self
    }

    /// Accepts these algorithms and no others; none at all, if there are none
    /// (RFC 8725 §3.1). A key's own algorithm is required in any case.
    pub fn with_algorithms(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        self.policy.algorithms = Some(algorithms.into_iter().collect());
        self
    }

    /// Accepts these media types in `typ` instead. A type that is not meant
    /// for access tokens lets other tokens in (RFC 8725 §3.11).
    pub fn with_types<T: Into<String>>(mut self, types: impl IntoIterator<Item = T>) -> Self {
        self.policy.types = types.into_iter().map(Into::into).collect();
        self
    }

    /// Requires these claims instead, beside `iss`, `sub`, `aud` and `exp`.
    pub fn with_required_claims<T: Into<String>>(
        mut self,
        claims: impl IntoIterator<Item = T>,
    ) -> Self {
        self.policy.required = claims.into_iter().map(Into::into).collect();
        self
    }

    /// Refuses tokens of more than `bytes`, before anything is decoded.
    pub const fn with_max_len(mut self, bytes: usize) -> Self {
        self.policy.max_len = bytes;
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
        if self.policy.required.len() >= 64 {
            return Err(VerifierBuildError::RequiredClaims);
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
