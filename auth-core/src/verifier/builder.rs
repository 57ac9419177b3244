//! Building a verifier.

use std::sync::Arc;
use std::time::Duration;

use super::api_keys::ApiKeys;
use super::stats::Counters;
use super::trusted::{Revocations, TrustedIssuer};
use super::{Shared, SignatureChecks, TokenCache, Verifier, VerifierId};
use crate::api_key::{ApiKeyLookup, ApiKeyPrefix};
use crate::clock::{Clock, SystemClock};
use crate::issuer::{Audience, Issuer};
use crate::jwt::{RequiredClaims, TokenIssuer, TokenPolicy};
use crate::key::{Algorithm, KeySource};
use crate::revocation::RevocationView;

/// Builds a [`Verifier`].
///
/// What is said about tokens is said of the builder's own issuer; what others
/// must say is said of each ([`TrustedIssuer`]). Leeway, size and clock are the
/// verifier's.
///
/// # Defaults
/// - of the builder's issuer: those of [`TrustedIssuer`]
/// - other issuers: none
/// - API keys: none
/// - leeway: 0 s
/// - longest token: 8 KiB
/// - clock: the system's
/// - cache of verified tokens: none
/// - signatures that are checked at the same time: [`SignatureChecks::default`],
///   one cap for the process
#[derive(Debug)]
pub struct VerifierBuilder {
    own: TrustedIssuer,
    others: Vec<TrustedIssuer>,
    api_keys: Option<ApiKeys>,
    leeway: Duration,
    max_len: usize,
    clock: Arc<dyn Clock>,
    cache: Option<Arc<dyn TokenCache>>,
    checks: SignatureChecks,
}

/// A verifier cannot be built as asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifierBuildError {
    /// Of this issuer neither a view of revocations nor the wish to do without
    /// was given.
    #[error(
        "say with_revocations(view) of {0}, or without_revocations() if its tokens shall live until exp"
    )]
    RevocationsUnsaid(Issuer),
    /// A leeway of more than 60 s.
    #[error("the leeway may not exceed 60 s")]
    Leeway,
    /// 64 required claims or more that have no meaning here.
    #[error("at most 63 own claims of {0} can be required")]
    RequiredClaims(Issuer),
    /// This issuer was given twice, which would not tell whose keys are meant.
    #[error("the issuer {0} is given twice")]
    DuplicateIssuer(Issuer),
    /// This issuer was given the view of another: who may revoke tokens of the
    /// one would revoke those of the other.
    #[error("the view of revocations of {0} is another issuer's too")]
    SharedView(Issuer),
}

impl VerifierBuilder {
    pub(super) fn new(issuer: &Issuer, audience: &Audience, keys: Arc<dyn KeySource>) -> Self {
        Self {
            own: TrustedIssuer::new(issuer, audience, keys),
            others: Vec::new(),
            api_keys: None,
            leeway: Duration::ZERO,
            max_len: TokenIssuer::MAX_LEN,
            clock: Arc::new(SystemClock),
            cache: None,
            checks: SignatureChecks::default(),
        }
    }

    /// Accepts tokens of `other` too, by its keys and on its terms.
    ///
    /// They are told apart by [`Identity::issuer`](crate::Identity::issuer):
    /// a subject is one only together with its issuer (RFC 7519 §4.1.2).
    pub fn with_issuer(mut self, other: TrustedIssuer) -> Self {
        self.others.push(other);
        self
    }

    /// Accepts API keys of the builder's issuer too: credentials that begin
    /// with `prefix`, looked up in `lookup` with every use.
    pub fn with_api_keys(mut self, prefix: ApiKeyPrefix, lookup: Arc<dyn ApiKeyLookup>) -> Self {
        self.api_keys = Some(ApiKeys { prefix, lookup });
        self
    }

    fn own(mut self, change: impl FnOnce(TrustedIssuer) -> TrustedIssuer) -> Self {
        self.own = change(self.own);
        self
    }

    /// [`TrustedIssuer::with_revocations`], of the builder's issuer.
    pub fn with_revocations(self, view: RevocationView) -> Self {
        self.own(|own| own.with_revocations(view))
    }

    /// [`TrustedIssuer::without_revocations`], of the builder's issuer.
    pub fn without_revocations(self) -> Self {
        self.own(TrustedIssuer::without_revocations)
    }

    /// [`TrustedIssuer::with_audience`], of the builder's issuer.
    pub fn with_audience(self, audience: &Audience) -> Self {
        self.own(|own| own.with_audience(audience))
    }

    /// [`TrustedIssuer::with_algorithms`], of the builder's issuer.
    pub fn with_algorithms(self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        self.own(|own| own.with_algorithms(algorithms))
    }

    /// [`TrustedIssuer::with_types`], of the builder's issuer.
    pub fn with_types<T: Into<String>>(self, types: impl IntoIterator<Item = T>) -> Self {
        self.own(|own| own.with_types(types))
    }

    /// [`TrustedIssuer::with_required_claims`], of the builder's issuer.
    pub fn with_required_claims<T: Into<String>>(
        self,
        claims: impl IntoIterator<Item = T>,
    ) -> Self {
        self.own(|own| own.with_required_claims(claims))
    }

    /// [`TrustedIssuer::with_max_lifetime`], of the builder's issuer.
    pub fn with_max_lifetime(self, lifetime: Duration) -> Self {
        self.own(|own| own.with_max_lifetime(lifetime))
    }

    /// Refuses tokens of more than `bytes`, before anything is decoded.
    pub const fn with_max_len(mut self, bytes: usize) -> Self {
        self.max_len = bytes;
        self
    }

    /// Tolerates clocks that disagree by up to `leeway`, at most 60 s.
    pub const fn with_leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    /// Takes the time from `clock`.
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Keeps verified tokens in `cache`, which other verifiers may share: what
    /// each accepts stays its own ([`TokenCache`]).
    pub fn with_token_cache(mut self, cache: Arc<dyn TokenCache>) -> Self {
        self.cache = Some(cache);
        self
    }

    /// Checks as many signatures at the same time as `checks` allows.
    pub fn with_signature_checks(mut self, checks: SignatureChecks) -> Self {
        self.checks = checks;
        self
    }

    /// Builds it.
    ///
    /// # Errors
    /// [`VerifierBuildError`] names what is unsafe or was left unsaid.
    pub fn build(self) -> Result<Verifier, VerifierBuildError> {
        let Self {
            mut own,
            mut others,
            api_keys,
            leeway,
            max_len,
            clock,
            cache,
            checks,
        } = self;
        if leeway > TokenPolicy::MAX_LEEWAY {
            return Err(VerifierBuildError::Leeway);
        }
        let mut checked: Vec<&TrustedIssuer> = Vec::new();
        for trusted in std::iter::once(&own).chain(&others) {
            check(trusted, &checked)?;
            checked.push(trusted);
        }
        own.policy.leeway = leeway;
        for other in &mut others {
            other.policy.leeway = leeway;
        }
        // As they are looked for.
        others.sort_by(|a, b| a.issuer.as_str().cmp(b.issuer.as_str()));
        Ok(Verifier {
            shared: Arc::new(Shared {
                own,
                others,
                api_keys,
                max_len,
                clock,
                id: VerifierId::draw(),
                cache,
                checks,
                counters: Counters::default(),
            }),
        })
    }
}

/// Whether an issuer may stand beside those before it.
fn check(trusted: &TrustedIssuer, before: &[&TrustedIssuer]) -> Result<(), VerifierBuildError> {
    let name = || trusted.issuer.clone();
    if matches!(trusted.revocations, Revocations::Unsaid) {
        return Err(VerifierBuildError::RevocationsUnsaid(name()));
    }
    if trusted.policy.required.own_len() > RequiredClaims::MAX_OWN {
        return Err(VerifierBuildError::RequiredClaims(name()));
    }
    for other in before {
        if other.issuer == trusted.issuer {
            return Err(VerifierBuildError::DuplicateIssuer(name()));
        }
        if let (Revocations::View(one), Revocations::View(two)) =
            (&other.revocations, &trusted.revocations)
            && one.is(two)
        {
            return Err(VerifierBuildError::SharedView(name()));
        }
    }
    Ok(())
}
