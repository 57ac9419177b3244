//! Signing up.

use std::fmt;

use auth_core::UserId;
use auth_core::password::Password;
use auth_store::{CreateOutcome, Identifier, NewUser, StoreErrorKind, User};

use crate::auth::Auth;
use crate::context::Context;
use crate::error::AuthError;
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
}

impl SignUp {
    /// With an identifier and a password, and no role.
    pub fn new(identifier: impl Into<String>, password: Password) -> Self {
        Self {
            identifier: identifier.into(),
            password,
            roles: Vec::new(),
        }
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

impl Auth {
    /// Makes an account. Whether the identifier was free is told: an
    /// application that must not say so verifies addresses by e-mail.
    ///
    /// # Errors
    /// [`AuthError::Identifier`] and [`AuthError::Password`] for what cannot
    /// be used, [`AuthError::IdentifierTaken`], [`AuthError::NotFound`] for a
    /// tenant that is not there; [`AuthError::Overloaded`] and
    /// [`AuthError::Unavailable`].
    #[tracing::instrument(skip_all)]
    pub async fn sign_up(&self, cx: &Context, request: SignUp) -> Result<User, AuthError> {
        let shared = &*self.shared;
        let identifier = Identifier::new(&request.identifier)?;
        shared.policy.check(&request.password)?;
        let hash = shared
            .pool
            .for_source(cx.source)
            .hash(request.password, shared.deadline(cx))
            .await?;
        let user = NewUser {
            id: UserId::draw(shared.clock.now().wall, &*shared.random)?,
            tenant: cx.tenant,
            identifier,
            password_hash: Some(hash.expose_phc().to_owned()),
            roles: request.roles,
        };
        let id = user.id;
        match shared.store.create_user(user).await {
            Ok(CreateOutcome::Created(user)) => Ok(user),
            Ok(CreateOutcome::Taken) => Err(AuthError::IdentifierTaken),
            Ok(_) => Err(AuthError::NotFound),
            Err(error) if error.kind() == StoreErrorKind::OutcomeUnknown => {
                match shared.store.user(cx.tenant, id).await? {
                    Some(made) => Ok(made.user),
                    None => Err(error.into()),
                }
            }
            Err(error) => Err(error.into()),
        }
    }
}
