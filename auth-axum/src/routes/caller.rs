//! Who calls a bearer route: a user of this SDK, who has logged in.

use std::sync::Arc;

use auth_core::{Code, Identity, UserId};
use auth_sdk::{AuthError, Context};
use axum::extract::FromRequestParts;
use http::request::Parts;

use super::state::Shared;
use crate::extract::Authenticated;
use crate::rejection::Rejection;

pub(super) struct Caller {
    pub(super) user: UserId,
    pub(super) identity: Arc<Identity>,
    /// Of the token's tenant.
    pub(super) context: Context,
}

impl FromRequestParts<Arc<Shared>> for Caller {
    type Rejection = Rejection;

    async fn from_request_parts(
        parts: &mut Parts,
        shared: &Arc<Shared>,
    ) -> Result<Self, Rejection> {
        let caller =
            <Authenticated as FromRequestParts<_>>::from_request_parts(parts, shared).await?;
        // An account is its owner's business. A key that may only read orders
        // must not log its user out.
        if caller.identity().api_key().is_some() {
            return Err(Rejection::new(Code::PermissionDenied));
        }
        // `Auth` accepts no token without them.
        let (Some(user), Some(tenant)) = (caller.user(), caller.tenant()) else {
            return Err(Rejection::bearer(&shared.realm, Code::InvalidToken));
        };
        let identity = Arc::clone(caller.identity());
        Ok(Self {
            user,
            identity,
            context: shared.context(parts, tenant),
        })
    }
}

impl Shared {
    /// A token outlived its user.
    pub(super) fn user_is_gone(&self, error: AuthError) -> Rejection {
        match error {
            AuthError::NotFound => Rejection::bearer(&self.realm, Code::InvalidToken),
            error => error.into(),
        }
    }
}
