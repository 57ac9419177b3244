//! The layer.

use std::sync::Arc;
use std::time::Duration;

use auth_core::verifier::Verifier;
use tower_layer::Layer;

use crate::policy::MethodPolicy;
use crate::service::Guard;

/// Lets through to a service only the calls that a [`MethodPolicy`] allows,
/// and ends those that outlive their token.
///
/// # Defaults
/// - re-check of calls that last: every second
///
/// # Panics
/// Calls panic outside a tokio runtime whose timer is on.
#[derive(Clone, Debug)]
pub struct AuthLayer {
    pub(crate) verifier: Verifier,
    pub(crate) policy: Arc<MethodPolicy>,
    pub(crate) recheck: Duration,
}

impl AuthLayer {
    /// Judges tokens by `verifier` and methods by `policy`.
    pub fn new(verifier: Verifier, policy: MethodPolicy) -> Self {
        Self {
            verifier,
            policy: Arc::new(policy),
            recheck: Duration::from_secs(1),
        }
    }

    /// Verifies the token of a call again every `interval`, for as long as the
    /// call lasts; less than a millisecond counts as one. It is how long after
    /// a log-out a stream may still run; what it costs is one verification for
    /// each direction of a call. The expiry of the token is watched for
    /// whatever the interval.
    pub fn with_recheck(mut self, interval: Duration) -> Self {
        // Without a wait between two checks there would be nothing but checks.
        self.recheck = interval.max(Duration::from_millis(1));
        self
    }
}

impl<S> Layer<S> for AuthLayer {
    type Service = Guard<S>;

    fn layer(&self, inner: S) -> Guard<S> {
        Guard::new(inner, self.clone())
    }
}
