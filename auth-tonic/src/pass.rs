//! What a call was let in with.

use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use auth_core::verifier::{Undecided, Verifier, VerifyError};
use auth_core::{Code, Identity, Secret};

use crate::layer::AuthLayer;
use crate::policy::Access;

/// A judgement that needs I/O.
pub(crate) type Judging = Pin<Box<dyn Future<Output = Result<Arc<Identity>, Code>> + Send>>;

/// A call's token and what its method wants, to be judged when the call begins
/// and again while it lasts.
#[derive(Debug)]
pub(crate) struct Pass {
    verifier: Verifier,
    access: Access,
    token: Secret<String>,
    recheck: Duration,
    ended: OnceLock<Code>,
}

impl Pass {
    pub(crate) fn new(layer: &AuthLayer, access: Access, token: Secret<String>) -> Self {
        Self {
            verifier: layer.verifier.clone(),
            access,
            token,
            recheck: layer.recheck,
            ended: OnceLock::new(),
        }
    }

    pub(crate) fn verify_now(&self) -> Result<Arc<Identity>, VerifyError> {
        self.verifier.verify_now(self.token.expose())
    }

    pub(crate) fn confirm(self: Arc<Self>, undecided: Undecided) -> Judging {
        Box::pin(async move { self.admits(self.verifier.confirm(undecided).await) })
    }

    /// Whether whoever was verified, or not, may make the call. The first no
    /// is final.
    pub(crate) fn admits(
        &self,
        verified: Result<Arc<Identity>, VerifyError>,
    ) -> Result<Arc<Identity>, Code> {
        verified
            .map_err(|error| error.code())
            .and_then(|identity| self.allows(&identity).map(|()| identity))
            .inspect_err(|code| {
                let _ = self.ended.set(*code);
            })
    }

    /// Why the call ends, as soon as one of those who watch it knows.
    pub(crate) fn ended(&self) -> Option<Code> {
        self.ended.get().copied()
    }

    /// How long what was found out about `identity` is good for.
    pub(crate) fn good_for(&self, identity: &Identity) -> Duration {
        let left = identity.expires_at().since(self.verifier.now().wall);
        // Past `exp` it lives by the verifier's leeway.
        if left.is_zero() {
            self.recheck
        } else {
            left.min(self.recheck)
        }
    }

    fn allows(&self, identity: &Identity) -> Result<(), Code> {
        match &self.access {
            Access::Public => Ok(()),
            Access::Requires(requirement) => requirement
                .check(identity, self.verifier.now().wall)
                .map_err(|denied| denied.code()),
            Access::Nobody => Err(Code::PermissionDenied),
        }
    }
}
