//! Signing up.

use std::fmt;

use auth_core::password::{ContextWords, Password, PasswordHash};
use auth_core::{PolicyVersion, UserId};
use auth_store::{CreateOutcome, Effects, Identifier, NewUser, StoreErrorKind, User};

use crate::auth::{Auth, Shared};
use crate::context::Context;
use crate::error::AuthError;
use crate::events::Told;
use crate::throttle::Limited;
use auth_core::Clock;

/// A user who signs up.
#[derive(Clone)]
#[non_exhaustive]
pub struct SignUp {
    /// What the user wants to sign in with.
    pub identifier: String,
    /// The password the user chose.
    pub password: Password,
    /// Names of the roles the user gets.
    pub roles: Vec<String>,
    /// What else is known of the user, and must not be most of the password: the
    /// name, say. The identifier is always among it.
    pub context_words: ContextWords,
}

impl SignUp {
    /// With an identifier and a password, and no role.
    pub fn new(identifier: impl Into<String>, password: Password) -> Self {
        Self {
            identifier: identifier.into(),
            password,
            roles: Vec::new(),
            context_words: ContextWords::new(),
        }
    }

    /// With these words, which must not be most of the password.
    pub fn with_context_words(mut self, words: ContextWords) -> Self {
        self.context_words = words;
        self
    }

    /// With these roles. They are the application's to give, not the user's
    /// to ask for.
    pub fn with_roles<R: Into<String>>(mut self, roles: impl IntoIterator<Item = R>) -> Self {
        self.roles = roles.into_iter().map(Into::into).collect();
        self
    }
}

impl fmt::Debug for SignUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignUp").finish_non_exhaustive()
    }
}

/// An account that is ready to be made: see [`Auth::prepare_sign_up`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PreparedSignUp {
    /// The user, with the password hashed.
    pub user: NewUser,
    /// What is to be committed with the user: that there is one, if events are asked
    /// for.
    pub events: Effects,
}

/// A user who comes from another system, with the hash that was made there.
#[derive(Clone)]
#[non_exhaustive]
pub struct ImportUser {
    /// What the user signs in with.
    pub identifier: String,
    /// The hash of the password; without, the user cannot log in with one.
    pub password_hash: Option<PasswordHash>,
    /// Names of the roles the user gets.
    pub roles: Vec<String>,
}

impl ImportUser {
    /// With an identifier and a hash, and no role.
    pub fn new(identifier: impl Into<String>, password_hash: Option<PasswordHash>) -> Self {
        Self {
            identifier: identifier.into(),
            password_hash,
            roles: Vec::new(),
        }
    }

    /// With these roles.
    pub fn with_roles<R: Into<String>>(mut self, roles: impl IntoIterator<Item = R>) -> Self {
        self.roles = roles.into_iter().map(Into::into).collect();
        self
    }
}

impl fmt::Debug for ImportUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImportUser").finish_non_exhaustive()
    }
}

impl Auth {
    /// Makes an account. Whether the identifier was free is told: an
    /// application that must not say so verifies addresses by e-mail.
    ///
    /// # Errors
    /// [`AuthError::Identifier`] and [`AuthError::Password`] for what cannot
    /// be used, [`AuthError::IdentifierTaken`], [`AuthError::NotFound`] for a
    /// tenant that is not there; [`AuthError::RateLimited`];
    /// [`AuthError::Overloaded`] and [`AuthError::Unavailable`].
    #[tracing::instrument(skip_all)]
    pub async fn sign_up(&self, cx: &Context, request: SignUp) -> Result<User, AuthError> {
        let prepared = self.prepare_sign_up(cx, request).await?;
        self.shared.create_user(cx, prepared).await
    }

    /// Does all of [`sign_up`](Self::sign_up) but making the account, which the
    /// application does in a transaction of its own, together with what else it
    /// stores about the user: by `create_user_in` of `PgStore`, where there is an
    /// example, or of `SqliteStore`. Until then nothing is stored, and the identifier
    /// may turn out to be taken.
    ///
    /// # Errors
    /// As [`sign_up`](Self::sign_up), without those of the store.
    #[tracing::instrument(skip_all)]
    pub async fn prepare_sign_up(
        &self,
        cx: &Context,
        request: SignUp,
    ) -> Result<PreparedSignUp, AuthError> {
        let shared = &*self.shared;
        shared.charge(cx, Limited::SignUp).await?;
        let identifier = Identifier::new(&request.identifier)?;
        let words = request.context_words.with_email(&request.identifier);
        let policy = shared.check_new_password(&request.password, &words).await?;
        let hash = shared
            .pool
            .for_network(cx.network)
            .hash(request.password, shared.deadline(cx))
            .await?;
        shared.prepare(cx, identifier, Some(&hash), Some(policy), request.roles)
    }

    /// Makes an account with a password hash that is there already: no policy is
    /// asked, since nobody is there to choose another password, and none is stored
    /// ([`password_is_current`](Self::password_is_current) says no). It is for
    /// scripts and administrators, never for what a client sends.
    ///
    /// Hashes of other systems need the feature `legacy-hashes`; the module
    /// `auth_core::password::legacy` says which are read, and how to wrap them.
    ///
    /// # Errors
    /// As [`sign_up`](Self::sign_up), without those of passwords.
    #[tracing::instrument(skip_all)]
    pub async fn import_user(&self, cx: &Context, request: ImportUser) -> Result<User, AuthError> {
        let identifier = Identifier::new(&request.identifier)?;
        let hash = request.password_hash.as_ref();
        let shared = &*self.shared;
        let prepared = shared.prepare(cx, identifier, hash, None, request.roles)?;
        shared.create_user(cx, prepared).await
    }
}

impl Shared {
    fn prepare(
        &self,
        cx: &Context,
        identifier: Identifier,
        hash: Option<&PasswordHash>,
        policy: Option<PolicyVersion>,
        roles: Vec<String>,
    ) -> Result<PreparedSignUp, AuthError> {
        let user = NewUser {
            id: UserId::draw(self.clock.now().wall, &*self.random)?,
            tenant: cx.tenant,
            identifier,
            password_hash: hash.map(|hash| hash.expose_phc().to_owned()),
            password_policy: policy,
            roles,
        };
        let roles = user.roles.clone();
        let events = self.effects(|| Told::Created { roles })?;
        Ok(PreparedSignUp { user, events })
    }

    async fn create_user(&self, cx: &Context, prepared: PreparedSignUp) -> Result<User, AuthError> {
        let PreparedSignUp { user, events } = prepared;
        let id = user.id;
        match self.carrying(events).create_user(user).await {
            Ok(CreateOutcome::Created(user)) => Ok(user),
            Ok(CreateOutcome::Taken) => Err(AuthError::IdentifierTaken),
            Ok(_) => Err(AuthError::NotFound),
            Err(error) if error.kind() == StoreErrorKind::OutcomeUnknown => {
                match self.store.user(cx.tenant, id).await? {
                    Some(made) => Ok(made.user),
                    None => Err(error.into()),
                }
            }
            Err(error) => Err(error.into()),
        }
    }
}
