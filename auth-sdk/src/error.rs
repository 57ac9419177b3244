//! Why a use-case did not succeed.

use std::time::Duration;

use auth_core::jwt::IssueError;
use auth_core::password::{BreachError, HashError, PolicyViolation};
use auth_core::{Code, EntropyError};
use auth_store::{IdentifierError, StoreError, StoreErrorKind};

/// A use-case did not succeed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthError {
    /// Identifier or password are wrong, or the account may not log in. Which,
    /// nobody is told.
    #[error("the identifier or the password is wrong")]
    InvalidCredentials,
    /// The refresh token is no good, for whatever reason.
    #[error("the refresh token is not valid")]
    InvalidGrant,
    /// The refresh token was overtaken by newer ones a moment ago; the session
    /// lives on.
    #[error("the refresh token was replaced by a newer one")]
    Superseded,
    /// The reset token is no good, for whatever reason.
    #[error("the reset token is not valid")]
    InvalidResetToken,
    /// More scope was asked for than the user may have.
    #[error("the scope exceeds what the user may have")]
    InvalidScope,
    /// The identifier cannot identify anybody.
    #[error(transparent)]
    Identifier(#[from] IdentifierError),
    /// The password does not meet the policy.
    #[error(transparent)]
    Password(#[from] PolicyViolation),
    /// The identifier belongs to another account.
    #[error("the identifier is already in use")]
    IdentifierTaken,
    /// No such user, session, API key or tenant, or not the caller's.
    #[error("there is no such thing")]
    NotFound,
    /// What was asked for cannot be.
    #[error("{0}")]
    InvalidRequest(&'static str),
    /// Somebody else changed it at the same time.
    #[error("it was changed by somebody else at the same time")]
    Conflict,
    /// The account at another platform is another user's.
    #[error("the account at the platform is another user's")]
    PlatformAccountTaken,
    /// Without it the user could not log in any more.
    #[error("it is the last way to log in")]
    LastLogInMethod,
    /// The store keeps no accounts at other platforms.
    #[error("the store keeps no accounts at other platforms")]
    NoPlatforms,
    /// There are no API keys: [`with_api_keys`](crate::AuthBuilder::with_api_keys)
    /// was not asked for.
    #[error("API keys are not enabled")]
    NoApiKeys,
    /// The user has as many live API keys as
    /// [`with_api_key_limit`](crate::AuthBuilder::with_api_key_limit) allows.
    #[error("the user has too many API keys")]
    TooManyApiKeys,
    /// Too many wrong passwords were tried at this account, or at this identifier
    /// that nobody has: the next attempt must wait. This one was not counted.
    #[error("too many attempts")]
    TooManyAttempts {
        /// When it is worth trying again.
        retry_after: Duration,
    },
    /// The network that the request comes from has done as much as it may
    /// ([`with_rate_limits`](crate::AuthBuilder::with_rate_limits)). Nothing was looked
    /// up.
    #[error("too many requests from one network")]
    RateLimited {
        /// When it is worth trying again.
        retry_after: Duration,
    },
    /// The signing keys are the application's own
    /// ([`with_keys`](crate::AuthBuilder::with_keys)): the SDK neither lists nor
    /// changes them.
    #[error("the signing keys are the application's own")]
    OwnKeys,
    /// More passwords wait to be hashed than can be in time.
    #[error("too busy at present")]
    Overloaded {
        /// When it is worth trying again.
        retry_after: Duration,
    },
    /// Something that is needed cannot be reached at present. Nothing has been
    /// decided.
    #[error("temporarily unavailable")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A defect, or damaged data.
    #[error("internal error")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl AuthError {
    /// What the caller is told.
    pub const fn code(&self) -> Code {
        match self {
            Self::InvalidCredentials => Code::InvalidCredentials,
            Self::InvalidGrant => Code::InvalidGrant,
            Self::Superseded => Code::Superseded,
            Self::InvalidResetToken => Code::InvalidResetToken,
            Self::InvalidScope => Code::InvalidScope,
            Self::Identifier(_) => Code::InvalidIdentifier,
            Self::Password(_) => Code::PasswordRejected,
            Self::IdentifierTaken => Code::IdentifierTaken,
            Self::NotFound => Code::NotFound,
            Self::InvalidRequest(_) => Code::InvalidRequest,
            Self::Conflict => Code::Conflict,
            Self::PlatformAccountTaken => Code::PlatformAccountTaken,
            Self::LastLogInMethod => Code::LastLogInMethod,
            Self::TooManyApiKeys => Code::TooManyApiKeys,
            Self::TooManyAttempts { .. } | Self::RateLimited { .. } => Code::TooManyAttempts,
            Self::Overloaded { .. } => Code::Overloaded,
            Self::Unavailable(_) => Code::Unavailable,
            Self::OwnKeys | Self::NoApiKeys | Self::NoPlatforms | Self::Internal(_) => {
                Code::Internal
            }
        }
    }

    /// When it is worth trying again, where it is.
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::TooManyAttempts { retry_after }
            | Self::RateLimited { retry_after }
            | Self::Overloaded { retry_after } => Some(*retry_after),
            Self::Unavailable(_) => Some(Duration::from_secs(1)),
            _ => None,
        }
    }

    pub(crate) fn internal(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Internal(Box::new(error))
    }

    pub(crate) fn unavailable(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Unavailable(Box::new(error))
    }
}

impl From<StoreError> for AuthError {
    fn from(error: StoreError) -> Self {
        match error.kind() {
            StoreErrorKind::Unavailable
            | StoreErrorKind::Timeout
            | StoreErrorKind::OutcomeUnknown => Self::unavailable(error),
            _ => Self::internal(error),
        }
    }
}

impl From<HashError> for AuthError {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Overloaded { retry_after } => Self::Overloaded { retry_after },
            HashError::DeadlinePassed => Self::Overloaded {
                retry_after: Duration::from_secs(1),
            },
            HashError::ShutDown | HashError::UnknownPepper => Self::unavailable(error),
            _ => Self::internal(error),
        }
    }
}

impl From<BreachError> for AuthError {
    fn from(error: BreachError) -> Self {
        match error {
            BreachError::Breached(violation) => Self::Password(violation),
            BreachError::Unanswered(error) => Self::Unavailable(error),
            error => Self::internal(error),
        }
    }
}

impl From<EntropyError> for AuthError {
    fn from(error: EntropyError) -> Self {
        Self::unavailable(error)
    }
}

impl From<IssueError> for AuthError {
    fn from(error: IssueError) -> Self {
        match error {
            IssueError::Entropy(error) => error.into(),
            _ => Self::internal(error),
        }
    }
}
