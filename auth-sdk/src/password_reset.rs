//! A password that is forgotten: a token for the reader of the user's mail, and
//! a new password for the token.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use auth_core::password::{ContextWords, Password};
use auth_core::reset::{ResetToken, Standing};
use auth_core::{Clock, Timestamp, UserId};
use auth_store::{ChangeOutcome, Identifier, PasswordChange, Store, User, UserRecord};

use crate::auth::{Auth, Shared, to_the_end};
use crate::context::Context;
use crate::error::AuthError;
use crate::events::Told;
use crate::throttle::Limited;

/// What is to be sent to a user who has forgotten the password.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PasswordReset {
    /// Who is to get it. Send it to an address of which you know that it is
    /// theirs; the identifier is one only if you have made it so.
    pub user: User,
    /// For [`Auth::reset_password`], once. Whoever has it has the account.
    pub token: ResetToken,
    /// When the token ends, by the store's clock.
    pub expires_at: Timestamp,
}

/// Sends password resets, by mail say: the SDK does not.
///
/// # Contract
/// The token goes to the user's own address and nowhere else: no log, no
/// analytics, no page that loads something from others, which would be told
/// the link it came from. The error is logged, so it must not hold the token.
///
/// The link leads to a page of yours, on a host that you have configured. Made
/// from the request's `Host` it would lead wherever the one who asked says.
#[async_trait]
pub trait SendPasswordReset: fmt::Debug + Send + Sync + 'static {
    /// Sends it to its user.
    ///
    /// # Errors
    /// When it is not sent. Nobody but the log is told.
    async fn send(&self, reset: PasswordReset) -> Result<(), Box<dyn Error + Send + Sync>>;
}

impl Auth {
    /// Makes a token with which the user of this identifier can choose a new
    /// password. It is for the application to send
    /// ([`SendPasswordReset`] says where); nothing is sent here, and nothing
    /// stored.
    ///
    /// `None` if nobody has the identifier, if user or tenant is disabled, or if
    /// five were made for the user within the hour (in this process; another one
    /// counts for itself). The work and the statements are the same. **Give whoever asked
    /// the same answer**, at the same time: send after answering. Whether the
    /// password waits for attempts to pass has no say in it, and a user without
    /// a password, who has come by another platform, gets one too.
    ///
    /// All tokens of a user end when one is used, when the password is changed,
    /// with a log-out everywhere, and when the user is disabled; and when a hash
    /// of another system is renewed as its user logs in. A change of roles ends
    /// none.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use auth_sdk::{Audience, Auth, Context, Issuer, LogIn, MemoryStore, Password, RootSecret, SignUp, SystemRandom};
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let root = RootSecret::generate(&SystemRandom::new())?;
    /// # let store = Arc::new(MemoryStore::new());
    /// # let (issuer, audience) = (Issuer::new("https://a.example")?, Audience::new("https://b.example")?);
    /// # let auth = Auth::builder(issuer, audience, root, store).build().await?;
    /// # let cx = Context::new();
    /// # let forgotten = Password::new("correct horse battery staple".to_owned())?;
    /// # auth.sign_up(&cx, SignUp::new("ada@example.org", forgotten)).await?;
    /// if let Some(reset) = auth.request_password_reset(&cx, "ada@example.org").await? {
    ///     // mail `reset.token.expose()` to `reset.user`; later, from the page it leads to:
    ///     let new = Password::new("a longer horse, a better battery".to_owned())?;
    ///     auth.reset_password(&cx, &reset.token, new.clone()).await?;
    ///     auth.log_in(&cx, LogIn::new("ada@example.org", new)).await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`AuthError::RateLimited`], whoever's identifier it is, and
    /// [`AuthError::Unavailable`].
    #[tracing::instrument(skip_all)]
    pub async fn request_password_reset(
        &self,
        cx: &Context,
        identifier: &str,
    ) -> Result<Option<PasswordReset>, AuthError> {
        let shared = &*self.shared;
        shared.charge(cx, Limited::RequestPasswordReset).await?;
        let Ok(identifier) = Identifier::new(identifier) else {
            // Nobody has it, and nobody can.
            return Ok(None);
        };
        let found = shared.store.find_user(cx.tenant, &identifier).await?;
        let record = found.filter(UserRecord::is_active);
        let clock = &shared.clock;
        // Never ahead of the store's clock, whatever this instance's says.
        let now = clock.store_time().unwrap_or_else(|| clock.now().wall);
        let expires_at = now + shared.lifetimes.reset;
        let nobody = UserId::draw(now, &*shared.random)?;
        let token = ResetToken::issue(
            shared.roots.active(),
            cx.tenant,
            record.as_ref().map_or(nobody, |record| record.user.id),
            standing(record.as_ref()),
            expires_at,
            &*shared.random,
        )?;
        let Some(UserRecord { user, .. }) = record else {
            return Ok(None);
        };
        if !shared.resets.allows(cx.tenant, user.id, clock.mono()) {
            tracing::warn!(target: "auth::events", event = "password_resets_limited", user = %user.id);
            return Ok(None);
        }
        Ok(Some(PasswordReset {
            user,
            token,
            expires_at,
        }))
    }

    /// Gives the user of a token a new password. All of the user's sessions end,
    /// and all other tokens; failed attempts at the password are forgotten, so
    /// that it works again from everywhere. No session is opened: the user logs
    /// in, with whatever that asks for.
    ///
    /// Of any number of uses of one token, on any number of instances, one is
    /// the first. What is refused for the password's sake does not use it up. Once begun
    /// it is seen through, if the caller hangs up too.
    ///
    /// # Errors
    /// [`AuthError::InvalidResetToken`], whatever the reason;
    /// [`AuthError::Password`] when the password does not meet the policy;
    /// [`AuthError::RateLimited`];
    /// [`AuthError::Overloaded`] and [`AuthError::Unavailable`], after which
    /// the password may have been changed: log in to find out.
    /// [`AuthError::Unavailable`] also when breached passwords cannot be asked
    /// for and that is to be refused.
    #[tracing::instrument(skip_all)]
    pub async fn reset_password(
        &self,
        cx: &Context,
        token: &ResetToken,
        new: Password,
    ) -> Result<User, AuthError> {
        let shared = &self.shared;
        let opened = token.open(&shared.roots, cx.tenant, shared.clock.now().wall);
        let presented = opened.map_err(|reason| {
            tracing::debug!(%reason, "reset token refused");
            AuthError::InvalidResetToken
        })?;
        shared.charge(cx, Limited::ResetPassword).await?;
        let found = shared.store.user(cx.tenant, presented.user()).await?;
        let is_as_it_was = |record: &UserRecord| {
            record.is_active() && presented.is_bound_to(standing(Some(record)))
        };
        let record = found.filter(is_as_it_was);
        let UserRecord {
            user,
            password_hash,
            ..
        } = record.ok_or(AuthError::InvalidResetToken)?;
        let words = ContextWords::new().with_email(&user.identifier);
        let policy = shared.check_new_password(&new, &words).await?;
        let pool = shared.pool.for_network(cx.network);
        let hash = pool.hash(new, shared.deadline(cx)).await?;
        let change = PasswordChange {
            tenant: cx.tenant,
            user: user.id,
            seen_hash: password_hash,
            seen_epoch: Some(user.session_epoch),
            new_hash: hash.expose_phc().to_owned(),
            new_policy: Some(policy),
        };
        let store = shared.telling(|| Told::PasswordChanged)?;
        let shared = shared.clone();
        to_the_end(async move { shared.reset_password(store, change).await }).await
    }
}

impl Shared {
    async fn reset_password(
        self: &Arc<Self>,
        store: Arc<dyn Store>,
        change: PasswordChange,
    ) -> Result<User, AuthError> {
        let (tenant, id, hash) = (change.tenant, change.user, change.new_hash.clone());
        let changed = self
            .revoking(store, move |store| {
                let change = change.clone();
                async move { store.change_password(change).await }
            })
            .await?;
        let user = match changed.value {
            ChangeOutcome::Changed(user) => Some(user),
            // The first of two tries may have been committed, unknown to us:
            // then the hash is the one we drew, which nobody else can have.
            _ if changed.unsure => {
                let now = self.store.user(tenant, id).await?;
                let ours = now.filter(|now| now.password_hash.as_ref() == Some(&hash));
                ours.map(|ours| ours.user)
            }
            _ => None,
        };
        let user = user.ok_or(AuthError::InvalidResetToken)?;
        if let Err(error) = self.forget_attempts_at(&user).await {
            tracing::warn!(%error, "failed attempts are not forgotten");
        }
        Ok(user)
    }
}

/// What a token is bound to; of nobody it is something too, for the same work.
fn standing(record: Option<&UserRecord>) -> Standing<'_> {
    Standing {
        session_epoch: record.map_or(0, |record| record.user.session_epoch),
        password_hash: record.and_then(|record| record.password_hash.as_deref()),
    }
}
