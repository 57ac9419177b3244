//! The handle that all use-cases hang on.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use auth_core::api_key::ApiKeyPrefix;
use auth_core::jwt::TokenIssuer;
use auth_core::key::Jwks;
use auth_core::password::{BreachCheck, HashPool, PasswordPolicy};
use auth_core::revocation::{Cursor, Revocation, RevocationView, Target};
use auth_core::verifier::Verifier;
use auth_core::{Clock, Deadline, FlooredClock, RootSecrets, SecureRandom, SessionId, TenantId};
use auth_store::{Committed, REVOCATION_MARGIN, Store, StoreError, StoreErrorKind};
use tracing::Instrument;

use crate::builder::AuthBuilder;
use crate::context::Context;
use crate::error::AuthError;
use crate::keys::Keys;
use crate::lookups::SharedLookups;
use crate::profile::TokenProfile;
use crate::reset_limit::ResetLimit;
use crate::throttle::RateLimits;

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
    pub(crate) breaches: Option<BreachCheck>,
    pub(crate) profile: Arc<dyn TokenProfile>,
    pub(crate) random: Arc<dyn SecureRandom>,
    pub(crate) clock: Arc<FlooredClock>,
    pub(crate) issuer: TokenIssuer,
    pub(crate) issuer_name: String,
    pub(crate) keys: Keys,
    pub(crate) view: RevocationView,
    pub(crate) verifier: Verifier,
    pub(crate) lifetimes: Lifetimes,
    pub(crate) resets: ResetLimit,
    pub(crate) response_floor: Option<Duration>,
    pub(crate) rate_limits: Option<RateLimits>,
    /// What API keys begin with, if there are any.
    pub(crate) api_key_prefix: Option<ApiKeyPrefix>,
    pub(crate) api_key_limit: u32,
    /// Whether changes tell of themselves.
    pub(crate) events: bool,
    pub(crate) lookups: SharedLookups,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Lifetimes {
    pub(crate) idle: Duration,
    pub(crate) absolute: Duration,
    pub(crate) grace: Duration,
    pub(crate) reset: Duration,
}

/// The longest that an access token may be made to live.
pub(crate) const MAX_ACCESS_TOKEN: Duration = Duration::from_secs(3600);

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
        self.shared.keys.set().to_jwks()
    }

    /// The `iss` of the tokens issued here.
    pub fn issuer(&self) -> &str {
        &self.shared.issuer_name
    }

    /// Refuses new passwords to hash and waits until running ones are done.
    /// Verifying goes on; the signing keys are not looked after any more.
    pub async fn shut_down(self) {
        self.shared.keys.end();
        let pool = self.shared.pool.clone();
        // Joining threads blocks, for as long as one hash takes.
        let _ = tokio::task::spawn_blocking(move || pool.shut_down()).await;
    }
}

impl Shared {
    /// Until when a password may wait, by the clock of the pool.
    pub(crate) fn deadline(&self, cx: &Context) -> Deadline {
        self.pool.deadline(self.patience(cx))
    }

    /// How long the caller still waits.
    pub(crate) fn patience(&self, cx: &Context) -> Duration {
        cx.deadline
            .map(|deadline| deadline.remaining(self.clock.now()))
            .or(cx.patience)
            .unwrap_or(PATIENCE)
    }

    /// Runs a change of `store`, this one or a handle on it that tells of the change,
    /// to its end even if its caller hangs up, raises the floors it implies, and
    /// forgets what was read before it, before it is answered.
    ///
    /// When the store cannot say whether the change was committed it is asked
    /// once more. The second answer may be "nothing to do", which names no
    /// floors, so the log is read again, now or as soon as it can be.
    pub(crate) async fn revoking<T, F>(
        self: &Arc<Self>,
        store: Arc<dyn Store>,
        change: impl Fn(Arc<dyn Store>) -> F + Send + Sync + 'static,
    ) -> Result<Settled<T>, AuthError>
    where
        T: Send + 'static,
        F: Future<Output = Result<Committed<T>, StoreError>> + Send,
    {
        let shared = self.clone();
        to_the_end(async move {
            let (committed, unsure) = ask(|| change(store.clone())).await;
            if let Ok(committed) = &committed {
                for revocation in &committed.revoked {
                    shared.raise(revocation);
                }
            }
            let revoked = committed.as_ref().map_or(&[][..], |it| &it.revoked);
            shared.forget(revoked, unsure).await;
            if unsure
                && !shared.reread_log().await
                && committed.as_ref().is_ok_and(|it| it.revoked.is_empty())
            {
                // The first try may have revoked what the second found nothing of.
                return Err(StoreError::from(StoreErrorKind::Unavailable).into());
            }
            Ok(Settled {
                value: committed?.value,
                unsure,
            })
        })
        .await
    }

    /// Rejects what is revoked from here on.
    pub(crate) fn raise(&self, revocation: &Revocation) {
        // Before anything is known of the store's clock nothing is forgotten.
        self.view
            .raise(revocation, self.clock.store_time().unwrap_or_default());
    }

    /// Rejects a session's tokens in this process, for longer than any lives.
    /// For a session that has ended whoever ended it.
    pub(crate) fn raise_session(&self, tenant: TenantId, session: SessionId) {
        let target = Target::Session { tenant, session };
        let expires_at = self.clock.now().wall + MAX_ACCESS_TOKEN + REVOCATION_MARGIN;
        self.raise(&Revocation { target, expires_at });
    }

    /// Reads the log, because something may have been revoked that was not
    /// heard of; when it cannot be read, which is said, goes on trying in the
    /// background.
    pub(crate) async fn reread_log(self: &Arc<Self>) -> bool {
        if self.load_revocations().await.is_ok() {
            return true;
        }
        let weak = Arc::downgrade(self);
        tokio::spawn(async move {
            let mut pause = Duration::from_millis(100);
            loop {
                tokio::time::sleep(pause).await;
                match weak.upgrade() {
                    Some(shared) if shared.load_revocations().await.is_err() => {}
                    _ => return,
                }
                pause = (pause * 2).min(Duration::from_secs(5));
            }
        });
        false
    }

    async fn load_revocations(&self) -> Result<(), AuthError> {
        load_revocations(&*self.store, &self.view, &self.clock).await
    }
}

/// What came of a change, and whether the store was unsure on the way.
#[derive(Clone, Copy)]
pub(crate) struct Settled<T> {
    pub(crate) value: T,
    pub(crate) unsure: bool,
}

/// Asks the store, and once more when it cannot say whether it committed; says
/// whether it could not.
pub(crate) async fn ask<T, F>(question: impl Fn() -> F) -> (Result<T, StoreError>, bool)
where
    F: Future<Output = Result<T, StoreError>>,
{
    match question().await {
        Err(error) if error.kind() == StoreErrorKind::OutcomeUnknown => (question().await, true),
        answer => (answer, false),
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
