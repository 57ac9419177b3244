//! How often a network may do what is expensive, or what can be guessed at.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use auth_core::Network;
use auth_core::throttle::{Charge, Decision, Limit, Quota, QuotaError, RateLimiter};

use crate::auth::Shared;
use crate::builder::AuthBuilder;
use crate::context::Context;
use crate::error::AuthError;

/// What is limited for each network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Limited {
    /// [`Auth::log_in`](crate::Auth::log_in), right or wrong.
    LogIn,
    /// [`Auth::log_in_with_verified_platform`](crate::Auth::log_in_with_verified_platform).
    PlatformLogIn,
    /// [`Auth::sign_up`](crate::Auth::sign_up).
    SignUp,
    /// [`Auth::refresh`](crate::Auth::refresh) with a token of ours: what is forged is
    /// refused without being counted, since it costs nothing.
    Refresh,
    /// [`Auth::request_password_reset`](crate::Auth::request_password_reset).
    RequestPasswordReset,
    /// [`Auth::reset_password`](crate::Auth::reset_password) with a token of ours.
    ResetPassword,
}

impl Limited {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::LogIn,
        Self::PlatformLogIn,
        Self::SignUp,
        Self::Refresh,
        Self::RequestPasswordReset,
        Self::ResetPassword,
    ];

    /// The name of its limit, under which a limiter counts.
    pub const fn name(self) -> &'static str {
        match self {
            Self::LogIn => "log-in.network",
            Self::PlatformLogIn => "platform-log-in.network",
            Self::SignUp => "sign-up.network",
            Self::Refresh => "refresh.network",
            Self::RequestPasswordReset => "request-password-reset.network",
            Self::ResetPassword => "reset-password.network",
        }
    }

    /// As many at once, and in how long they come back.
    const fn default(self) -> (u32, Duration) {
        const MINUTE: u64 = 60;
        const HOUR: u64 = 3_600;
        match self {
            Self::LogIn | Self::PlatformLogIn => (600, Duration::from_secs(10 * MINUTE)),
            Self::SignUp => (100, Duration::from_secs(HOUR)),
            Self::Refresh => (10_000, Duration::from_secs(5 * MINUTE)),
            Self::RequestPasswordReset => (60, Duration::from_secs(HOUR)),
            Self::ResetPassword => (120, Duration::from_secs(HOUR)),
        }
    }
}

/// How much each network may do, over all accounts and tenants: for
/// [`with_rate_limits`](AuthBuilder::with_rate_limits).
///
/// A network is that of the [client's address](Context::with_client_address), the /24 of
/// IPv4 and the /48 of IPv6 ([`Network`]), as for attempts at passwords and in the queue
/// of hashes. It is charged before anything is looked up or hashed, so that who is limited
/// costs nothing, and learns nothing of any account: the answer is
/// [`AuthError::RateLimited`], 429 over HTTP and `RESOURCE_EXHAUSTED` over gRPC, with the
/// time to wait. What succeeds is counted like what fails.
///
/// # Defaults
/// | | at once | all of it back in |
/// |---|---|---|
/// | log-in; the same by a platform | 600 | 10 min |
/// | sign-up | 100 | 1 h |
/// | refresh | 10 000 | 5 min |
/// | asking for a password reset | 60 | 1 h |
/// | resetting a password | 120 | 1 h |
///
/// They are meant for an office or a provider behind one address: a thousand people who
/// log in in the same ten minutes are through in less than twenty. Networks with more, and
/// tests under load, want [others](Self::with_quota), or [none](Self::without).
///
/// # Guarantees
/// - Whatever comes at the same time, a network is let through no more than its quota;
///   in all processes together, if the limiter is one that they share.
/// - A limiter that cannot be asked limits more strictly, never less (the contract of
///   [`RateLimiter`]).
/// - No header chooses the network, but what
///   [`TrustedProxies`](auth_core::TrustedProxies) believes.
///
/// # What it does not do
/// - Who has many networks has as many quotas. Guessing at one account is limited by
///   [attempts](crate::Auth::log_in), which are counted in the store with or without this.
/// - Requests without an address are one network together, and limited like one: an
///   application that never says an address limits all its users as if they were an
///   office. [`without_unknown_networks`](Self::without_unknown_networks) is for those
///   that do so on purpose.
/// - It does not limit what is let in by a token: that is for the application's own
///   routes, `RateLimitLayer` of `auth-axum` say.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
/// use auth_sdk::{Limited, MemoryRateLimiter, RateLimits};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let limits = RateLimits::new(Arc::new(MemoryRateLimiter::new())) // or RedisRateLimiter
///     .with_quota(Limited::SignUp, 20, Duration::from_secs(3_600))?
///     .without(Limited::Refresh);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct RateLimits {
    limiter: Arc<dyn RateLimiter>,
    limits: HashMap<Limited, Limit>,
    unknown_networks: bool,
}

impl RateLimits {
    /// The defaults, counted by `limiter`.
    pub fn new(limiter: Arc<dyn RateLimiter>) -> Self {
        let limit = |limited: Limited| {
            let (burst, per) = limited.default();
            let quota = Quota::new(burst, per).ok()?;
            Some((limited, Limit::new(limited.name(), quota)))
        };
        Self {
            limiter,
            limits: Limited::ALL.into_iter().filter_map(limit).collect(),
            unknown_networks: true,
        }
    }

    /// Of this a network may do `burst` at once, and as much again in every `per`.
    ///
    /// # Errors
    /// [`QuotaError`] if either is zero, or `per` longer than [`Quota::LONGEST`].
    pub fn with_quota(
        mut self,
        limited: Limited,
        burst: u32,
        per: Duration,
    ) -> Result<Self, QuotaError> {
        let limit = Limit::new(limited.name(), Quota::new(burst, per)?);
        self.limits.insert(limited, limit);
        Ok(self)
    }

    /// Does not limit this.
    pub fn without(mut self, limited: Limited) -> Self {
        self.limits.remove(&limited);
        self
    }

    /// Does not limit requests without an address.
    pub const fn without_unknown_networks(mut self) -> Self {
        self.unknown_networks = false;
        self
    }

    async fn check(&self, limited: Limited, network: Network) -> Decision {
        let limit = match self.limits.get(&limited) {
            Some(limit) if self.unknown_networks || network != Network::UNKNOWN => limit,
            _ => {
                return Decision::Allowed {
                    remaining: u32::MAX,
                };
            }
        };
        let subject = network.to_string();
        let charge = Charge::new(limit, subject.as_bytes());
        self.limiter.check(charge).await
    }
}

impl AuthBuilder {
    /// Limits how much each network may do, as `limits` says. Without it nothing is
    /// limited but [attempts](crate::Auth::log_in) at one account: only the application
    /// knows what is in front of it, and whether it says where requests come from.
    pub fn with_rate_limits(mut self, limits: RateLimits) -> Self {
        self.rate_limits = Some(limits);
        self
    }
}

impl Shared {
    /// Charges the network of a request, before anything is done for it.
    pub(crate) async fn charge(&self, cx: &Context, limited: Limited) -> Result<(), AuthError> {
        let Some(limits) = &self.rate_limits else {
            return Ok(());
        };
        match limits.check(limited, cx.network).await {
            Decision::Allowed { .. } => Ok(()),
            Decision::Limited { retry_after } => {
                // Not louder: a flood would fill the log.
                tracing::debug!(limit = limited.name(), network = %cx.network, "limited");
                Err(AuthError::RateLimited { retry_after })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use auth_cache::throttle::MemoryRateLimiter;

    use super::*;

    #[test]
    fn each_has_a_default_and_a_name_of_its_own() {
        let limits = RateLimits::new(Arc::new(MemoryRateLimiter::new())).limits;
        assert_eq!(limits.len(), Limited::ALL.len());
        for (limited, limit) in &limits {
            let (burst, per) = limited.default();
            assert_eq!(limit.quota().burst().get(), burst);
            assert!(limit.quota().window() >= per);
            let same = limits.values().filter(|it| it.name() == limit.name());
            assert_eq!(same.count(), 1);
        }
    }
}
