//! Changing a password.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use auth_core::password::{ContextWords, Password, Place};
use auth_core::{ClientId, PolicyVersion, Scope, UserId};
use auth_store::{AttemptFrom, ChangeOutcome, PasswordChange, UserRecord};

use crate::attempts::{Begun, identifier};
use crate::auth::{Auth, Shared};
use crate::context::Context;
use crate::error::AuthError;
use crate::events::Told;
use crate::log_in::{Checked, LoggedIn, Opening, TRIES};

/// A user who changes the password.
#[derive(Clone)]
#[non_exhaustive]
pub struct ChangePassword {
    /// The password as it is.
    pub current: Password,
    /// The password as it shall be.
    pub new: Password,
    /// The client to bind the new session to.
    pub client: ClientId,
    /// The scope of the new session; all that the user may have, if not said.
    pub scope: Option<Scope>,
}

impl ChangePassword {
    /// From `current` to `new`, for the application itself.
    pub fn new(current: Password, new: Password) -> Self {
        Self {
            current,
            new,
            client: ClientId::default(),
            scope: None,
        }
    }

    /// For this client.
    pub fn with_client(mut self, client: ClientId) -> Self {
        self.client = client;
        self
    }

    /// With this scope.
    pub fn with_scope(mut self, scope: Scope) -> Self {
        self.scope = Some(scope);
        self
    }
}

impl fmt::Debug for ChangePassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChangePassword").finish_non_exhaustive()
    }
}

impl Auth {
    /// Changes the password of a user who knows the current one. All of the
    /// user's sessions end, the caller's too, which gets a new one.
    ///
    /// Attempts at the current password are counted as at
    /// [`log_in`](Self::log_in), in a budget of their own: whoever has stolen an
    /// access token cannot guess for long, and cannot lock the owner out. Once the
    /// password is changed all failed attempts at the account are forgotten. The
    /// user's devices stay known.
    ///
    /// # Errors
    /// [`AuthError::InvalidCredentials`] when the current password is wrong,
    /// the account is not active, or it changed meanwhile;
    /// [`AuthError::TooManyAttempts`];
    /// [`AuthError::Password`] when the new one does not meet the policy;
    /// [`AuthError::Overloaded`] and [`AuthError::Unavailable`], after which
    /// the password may have been changed: log in to find out.
    /// [`AuthError::Unavailable`] also when breached passwords cannot be asked
    /// for and that is to be refused.
    #[tracing::instrument(skip_all)]
    pub async fn change_password(
        &self,
        cx: &Context,
        user: UserId,
        request: ChangePassword,
    ) -> Result<LoggedIn, AuthError> {
        let shared = &self.shared;
        // Before anything is hashed; once more when it is known whose it is.
        shared.policy.check(&request.new)?;
        let place = shared.place(cx).await?;
        let Some(record) = shared.store.user(cx.tenant, user).await? else {
            shared.check_password(place, None, request.current).await?;
            return Err(AuthError::InvalidCredentials);
        };
        let identifier = identifier(&record.user)?;
        let from = AttemptFrom::Session;
        let (begun, place) = shared
            .begin(cx, identifier, from, &request.current, place, Some(record))
            .await?;
        let outcome = shared
            .change_password(cx, user, &begun, place, request)
            .await;
        match &outcome {
            Ok(changed) => {
                if let Err(error) = shared.forget_attempts_at(&changed.user).await {
                    tracing::warn!(%error, "failed attempts are not forgotten");
                }
            }
            Err(_) => shared.settle(&begun, &outcome).await,
        }
        outcome
    }
}

impl Shared {
    async fn change_password(
        self: &Arc<Self>,
        cx: &Context,
        user: UserId,
        begun: &Begun,
        place: Place,
        request: ChangePassword,
    ) -> Result<LoggedIn, AuthError> {
        let ChangePassword {
            current,
            new,
            client,
            scope,
        } = request;
        let opening = Opening::by_password(client, scope);
        let is_theirs = |record: &UserRecord| record.user.id == user;
        let mut record = begun.record.clone().filter(is_theirs);
        let mut drawn = None;
        let mut place = Some(place);
        for _ in 0..TRIES {
            let place = match place.take() {
                Some(place) => place,
                None => self.place(cx).await?,
            };
            let checked = self.check_password(place, record, current.clone()).await;
            let Checked { record: known, .. } = checked?;
            if begun.is_exhausted() {
                return Err(AuthError::InvalidCredentials);
            }
            // Refused now, not after the sessions have ended.
            self.granted(&known.user, &opening)?;
            let (hash, policy) = if let Some(drawn) = &drawn {
                <(String, PolicyVersion)>::clone(drawn)
            } else {
                let words = ContextWords::new().with_email(&known.user.identifier);
                let policy = self.check_new_password(&new, &words).await?;
                let pool = self.pool.for_network(cx.network);
                let hash = pool.hash(new.clone(), self.deadline(cx)).await?;
                let hash = hash.expose_phc().to_owned();
                drawn.insert((hash, policy)).clone()
            };
            let change = PasswordChange {
                tenant: cx.tenant,
                user,
                seen_hash: known.password_hash,
                seen_epoch: None,
                new_hash: hash.clone(),
                new_policy: Some(policy),
            };
            let store = self.telling(|| Told::PasswordChanged)?;
            let changed = self
                .revoking(store, move |store| {
                    let change = change.clone();
                    async move { store.change_password(change).await }
                })
                .await?;
            let stored = match changed.value {
                ChangeOutcome::Changed(user) => Some(UserRecord {
                    user,
                    password_hash: Some(hash.clone()),
                    tenant_active: known.tenant_active,
                }),
                _ => self.store.user(cx.tenant, user).await?,
            };
            // The first of two tries may have been committed, unknown to us:
            // then the hash is the one we drew, which nobody else can have.
            let is_ours = |now: &&UserRecord| now.password_hash.as_ref() == Some(&hash);
            if let Some(now) = stored.as_ref().filter(is_ours) {
                let opened = self.open(cx, now, &opening).await?;
                return opened.ok_or(AuthError::InvalidCredentials);
            }
            // Perhaps an outdated hash of the same password was renewed meanwhile.
            record = stored;
        }
        Err(AuthError::InvalidCredentials)
    }

    /// Whether `password` may be chosen by the user whose `words` these are; under
    /// which version of the rules, to be stored with it.
    pub(crate) async fn check_new_password(
        &self,
        password: &Password,
        words: &ContextWords,
    ) -> Result<PolicyVersion, AuthError> {
        self.policy.check_for(password, words)?;
        let version = self.policy.version();
        let Some(breaches) = &self.breaches else {
            return Ok(version);
        };
        let verdict = match tokio::time::timeout(BREACH_PATIENCE, breaches.check(password)).await {
            Ok(verdict) => verdict,
            Err(elapsed) => breaches.unanswered(elapsed.into()),
        };
        verdict?;
        Ok(version)
    }
}

/// How long a look-up among breached passwords may take.
const BREACH_PATIENCE: Duration = Duration::from_secs(2);
