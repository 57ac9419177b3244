//! What a caller must be to do something.

use std::time::Duration;

use crate::error::Code;
use crate::identity::Identity;
use crate::scope::{Scope, ScopeError};
use crate::time::Timestamp;

/// What an identity must have: nothing more than being authenticated, scopes,
/// roles, a recent log-in.
///
/// ```
/// use auth_core::Requirement;
///
/// let requirement = Requirement::scope("orders:write")?.and_role("clerk");
/// # Ok::<(), auth_core::ScopeError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requirement {
    scope: Scope,
    roles: Vec<String>,
    max_age: Option<Duration>,
}

/// Who is calling is known, but may not do this.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Denied {
    /// The token lacks scope (RFC 6750 §3.1 `insufficient_scope`).
    #[error("the token lacks scope")]
    Scope(Scope),
    /// The user lacks a role.
    #[error("the user lacks a role")]
    Role,
    /// The user proved who they are too long ago (RFC 9470).
    #[error("a more recent log-in is needed")]
    Stale(Duration),
}

impl Denied {
    /// What the caller is told.
    pub const fn code(&self) -> Code {
        match self {
            Self::Scope(_) => Code::InsufficientScope,
            Self::Role => Code::PermissionDenied,
            Self::Stale(_) => Code::InsufficientAuthentication,
        }
    }
}

impl Requirement {
    /// Whoever has a valid token.
    pub fn authenticated() -> Self {
        Self::default()
    }

    /// Whoever's token has all of these space-separated scopes.
    ///
    /// # Errors
    /// [`ScopeError`] when the text is no scope.
    pub fn scope(scope: &str) -> Result<Self, ScopeError> {
        Ok(Self {
            scope: scope.parse()?,
            ..Self::default()
        })
    }

    /// And has this role.
    pub fn and_role(mut self, role: impl Into<String>) -> Self {
        self.roles.push(role.into());
        self
    }

    /// And logged in no longer than `age` ago. A token without `auth_time`
    /// does not say when, and an API key never logs in.
    pub const fn and_logged_in_within(mut self, age: Duration) -> Self {
        self.max_age = Some(age);
        self
    }

    /// Whether `identity` has it all at `now`.
    ///
    /// # Errors
    /// [`Denied`] names the first thing it lacks.
    pub fn check(&self, identity: &Identity, now: Timestamp) -> Result<(), Denied> {
        if !self.scope.is_subset_of(identity.scope()) {
            return Err(Denied::Scope(self.scope.clone()));
        }
        if !self
            .roles
            .iter()
            .all(|role| identity.roles().contains(role))
        {
            return Err(Denied::Role);
        }
        if let Some(age) = self.max_age
            && identity.auth_time().is_none_or(|at| now.since(at) > age)
        {
            return Err(Denied::Stale(age));
        }
        Ok(())
    }
}
