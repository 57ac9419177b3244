//! The handle that all use-cases hang on.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use auth_core::jwt::TokenIssuer;
use auth_core::key::{Jwks, KeySource};
use auth_core::password::{HashPool, PasswordPolicy};
use auth_core::revocation::{Cursor, RevocationView};
use auth_core::verifier::Verifier;
use auth_core::{Clock, Deadline, FlooredClock, RootSecrets, SecureRandom};
use auth_store::{Committed, Store, StoreError, StoreErrorKind};
use tracing::Instrument;

use crate::builder::AuthBuilder;
use crate::context::Context;
use crate::error::AuthError;
use crate::keys::StoredKeys;
use crate::profile::TokenProfile;

/// Authentication for one application. Clones share everything.
#[derive(Clone)]
pub struct Auth {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) roots: RootSecrets,
    pub(crate) pool: HashPool,
    pub(crate) policy: PasswordPolicy,
    pub(crate) profile: Arc<dyn TokenProfile>,
    pub(crate) random: Arc<dyn SecureRandom>,
    pub(crate) clock: Arc<FlooredClock>,
    pub(crate) issuer: TokenIssuer,
    pub(crate) issuer_name: String,
    pub(crate) keys: Arc<StoredKeys>,
    pub(crate) view: RevocationView,
    pub(crate) verifier: Verifier,
    pub(crate) lifetimes: Lifetimes,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Lifetimes {
    pub(crate) idle: Duration,
    pub(crate) absolute: Duration,
    pub(crate) grace: Duration,
}

/// How long a caller without a deadline waits for a password to be hashed.
const PATIENCE: Duration = Duration::from_secs(2);

impl Auth {
    /// Begins an [`AuthBuilder`]: tokens are issued by `issuer` for `audience`;
    /// everything secret is derived from `root`; everything that must survive
    /// is in `store`.
    pub fn builder(
        issuer: auth_core::Issuer,
        audience: auth_core::Audience,
        root: impl Into<RootSecrets>,
        store: Arc<dyn Store>,
    ) -> AuthBuilder {
        AuthBuilder::new(issuer, audience, root.into(), store)
    }

    /// Verifies access tokens, with what this process revoked in view.
    pub fn verifier(&self) -> Verifier {
        self.shared.verifier.clone()
    }

    /// The public keys that verify the tokens issued here.
    pub fn jwks(&self) -> Jwks {
        self.shared.keys.keys().to_jwks()
    }

    /// The `iss` of the tokens issued here.
    pub fn issuer(&self) -> &str {
        &self.shared.issuer_name
    }

    /// Refuses new passwords to hash and waits until running ones are done.
    /// Verifying goes on.
    pub async fn shut_down(self) {
        let pool = self.shared.pool.clone();
        // Joining threads blocks, for as long as one hash takes.
        let _ = tokio::task::spawn_blocking(move || pool.shut_down()).await;
    }
}

impl Shared {
    pub(crate) fn deadline(&self, cx: &Context) -> Deadline {
        cx.deadline
            .unwrap_or_else(|| Deadline::after(self.clock.now(), PATIENCE))
    }

    /// Runs a change, to its end even if its caller hangs up, and raises the
    /// floors it implies before it is answered.
    ///
    /// When the store cannot say whether the change was committed it is asked
    /// once more; the second answer may be "nothing to do", which names no
    /// floors, so the log is read again.
    pub(crate) async fn revoking<T, F>(
        self: &Arc<Self>,
        change: impl Fn(Arc<dyn Store>) -> F + Send + 'static,
    ) -> Result<T, AuthError>
    where
        T: Send + 'static,
        F: Future<Output = Result<Committed<T>, StoreError>> + Send,
    {
        let shared = self.clone();
        to_the_end(async move {
            let committed = match change(shared.store.clone()).await {
                Err(error) if error.kind() == StoreErrorKind::OutcomeUnknown => {
                    let committed = change(shared.store.clone()).await?;
                    load_revocations(&*shared.store, &shared.view, &shared.clock).await?;
                    committed
                }
                other => other?,
            };
            let now = shared.clock.now().wall;
            for revocation in &committed.revoked {
                shared.view.raise(revocation, now);
            }
            Ok(committed.value)
        })
        .await
    }
}

/// Runs `work` in a task of its own: what was committed must be seen through,
/// or this process would go on accepting what it has revoked.
pub(crate) async fn to_the_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, AuthError>> + Send + 'static,
) -> Result<T, AuthError> {
    tokio::spawn(work.in_current_span())
        .await
        .unwrap_or_else(|lost| {
            // Not what it panicked with, which could be anything.
            let what = if lost.is_panic() {
                "panicked"
            } else {
                "was cancelled"
            };
            Err(AuthError::Internal(format!("a use-case {what}").into()))
        })
}

/// Reads the whole log into the view.
pub(crate) async fn load_revocations(
    store: &dyn Store,
    view: &RevocationView,
    clock: &FlooredClock,
) -> Result<(), AuthError> {
    let page = store
        .read_log(&Cursor::start())
        .await
        .map_err(AuthError::unavailable)?;
    clock.observe(page.now);
    for revocation in &page.rows {
        view.raise(revocation, page.now);
    }
    Ok(())
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Auth")
            .field("issuer", &self.shared.issuer_name)
            .field("store", &self.shared.store)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use super::*;

    #[tokio::test]
    async fn a_panic_is_a_defect_and_its_words_are_nobodys() {
        let lost = to_the_end::<()>(async { panic!("hunter2") })
            .await
            .unwrap_err();
        assert!(matches!(lost, AuthError::Internal(_)));
        assert_eq!(
            lost.source().map(ToString::to_string).as_deref(),
            Some("a use-case panicked")
        );
    }
}
