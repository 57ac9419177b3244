//! Attempts at passwords: charged before anything is hashed, and given back when
//! they were no failures.

use std::time::Duration;

use auth_core::password::{Password, Place};
use auth_core::{AccountKey, UserId};
use auth_store::{
    Attempt, AttemptFrom, Charge, Identifier, Reservation, Settlement, User, UserRecord,
};

use crate::auth::{Auth, Shared};
use crate::context::Context;
use crate::error::AuthError;

/// An attempt that has begun: what it is charged to, and whom it is at.
pub(crate) struct Begun {
    /// `None` where the store counts no attempts.
    charged: Option<(Attempt, Charge)>,
    /// The user, if there is one.
    pub(crate) record: Option<UserRecord>,
}

impl Begun {
    /// Whether the answer is no, whatever the password.
    pub(crate) fn is_exhausted(&self) -> bool {
        matches!(&self.charged, Some((_, charge)) if charge.exhausted)
    }
}

impl Auth {
    /// Forgets all failed attempts at a user's password, so that it works again
    /// from unknown devices. It is for administrators, who know by other means
    /// that it is the user who asks: whoever guessed may go on guessing.
    ///
    /// Without it the password works from the user's own devices (those with a
    /// [`DeviceToken`](auth_core::DeviceToken)), and a password change or reset forgets
    /// all attempts too. Where the store counts none there is nothing to forget.
    ///
    /// # Errors
    /// [`AuthError::NotFound`] when there is no such user;
    /// [`AuthError::Unavailable`].
    #[tracing::instrument(skip_all)]
    pub async fn forget_attempts(&self, cx: &Context, user: UserId) -> Result<(), AuthError> {
        let record = self.shared.store.user(cx.tenant, user).await?;
        let user = record.ok_or(AuthError::NotFound)?.user;
        self.shared.forget_attempts_at(&user).await
    }
}

impl Shared {
    /// Charges an attempt and reads the user, in one statement. `password` is
    /// what is hashed all the same, at its place, when the attempt must wait. A user
    /// who is `known` already is not read again where no attempt is charged.
    pub(crate) async fn begin(
        &self,
        cx: &Context,
        identifier: Identifier,
        from: AttemptFrom,
        password: &Password,
        place: Place,
        known: Option<UserRecord>,
    ) -> Result<(Begun, Place), AuthError> {
        let Some(attempts) = self.store.attempt_store() else {
            let record = match known {
                Some(known) => Some(known),
                None => self.store.find_user(cx.tenant, &identifier).await?,
            };
            let begun = Begun {
                charged: None,
                record,
            };
            return Ok((begun, place));
        };
        let mut attempt = Attempt {
            tenant: cx.tenant,
            identifier,
            from,
        };
        let mut reserved = attempts.reserve_attempt(&attempt).await?;
        if from == AttemptFrom::KnownDevice && is_exhausted(&reserved.0) {
            // Of so many devices one was stolen: they are devices like any other.
            attempt.from = AttemptFrom::Network(cx.network);
            reserved = attempts.reserve_attempt(&attempt).await?;
        }
        let (reservation, record) = reserved;
        match reservation {
            Reservation::Reserved(charge) => {
                if charge.exhausted {
                    let user = record.as_ref().map(|record| record.user.id);
                    tracing::warn!(target: "auth::events", event = "password_attempts_exhausted", ?user);
                }
                let begun = Begun {
                    charged: Some((attempt, charge)),
                    record,
                };
                Ok((begun, place))
            }
            Reservation::Wait(retry_after) => self.too_many(retry_after, password, place).await,
            _ => Err(AuthError::InvalidCredentials),
        }
    }

    /// Says so, at the price of any other answer.
    async fn too_many<T>(
        &self,
        retry_after: Duration,
        password: &Password,
        place: Place,
    ) -> Result<T, AuthError> {
        match self.check_password(place, None, password.clone()).await {
            Ok(_) | Err(AuthError::InvalidCredentials) => {
                Err(AuthError::TooManyAttempts { retry_after })
            }
            Err(error) => Err(error),
        }
    }

    /// Gives the charge back, unless `outcome` is that of a wrong password. Where
    /// that fails the charge stays: the account's next failures wait earlier.
    pub(crate) async fn settle<T>(&self, begun: &Begun, outcome: &Result<T, AuthError>) {
        let settlement = match outcome {
            Err(AuthError::InvalidCredentials) => return,
            // Only someone who knows the password comes so far.
            Ok(_) | Err(AuthError::InvalidScope | AuthError::Password(_)) => Settlement::Success,
            Err(_) => Settlement::Unused,
        };
        let (Some((attempt, charge)), Some(attempts)) =
            (&begun.charged, self.store.attempt_store())
        else {
            return;
        };
        if let Err(error) = attempts.settle_attempt(attempt, *charge, settlement).await {
            tracing::warn!(%error, "an attempt stays charged");
        }
    }

    pub(crate) async fn forget_attempts_at(&self, user: &User) -> Result<(), AuthError> {
        let Some(attempts) = self.store.attempt_store() else {
            return Ok(());
        };
        let account = account(user)?;
        Ok(attempts.forget_attempts(user.tenant, &account).await?)
    }
}

/// The name under which attempts at `user` are counted.
pub(crate) fn account(user: &User) -> Result<AccountKey, AuthError> {
    let identifier = identifier(user)?;
    Ok(AccountKey::of(user.tenant, identifier.normalized()))
}

/// What was an identifier at sign-up is one now.
pub(crate) fn identifier(user: &User) -> Result<Identifier, AuthError> {
    Identifier::new(&user.identifier).map_err(AuthError::internal)
}

fn is_exhausted(reservation: &Reservation) -> bool {
    matches!(reservation, Reservation::Reserved(charge) if charge.exhausted)
}
