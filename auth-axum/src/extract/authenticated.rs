//! Who is calling.

use std::any::{Any, TypeId, type_name};
use std::fmt;
use std::sync::Arc;

use auth_core::{ApiKeyId, ClaimsError, Code, Identity, Scope, SessionId, TenantId, UserId};
use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use http::Extensions;
use http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::layer::Gate;
use crate::rejection::Rejection;

/// Who is calling, as an [`AuthLayer`](crate::AuthLayer) let them in, with the
/// application's own claims as `C`.
///
/// ```
/// use auth_axum::Authenticated;
///
/// #[derive(serde::Deserialize)]
/// struct Plan {
///     plan: String,
/// }
///
/// async fn me(user: Authenticated<Plan>) -> String {
///     format!("{} {}", user.subject(), user.claims().plan)
/// }
/// async fn whoever(user: Authenticated) -> String {
///     user.subject().to_owned()
/// }
/// # let _: axum::Router = axum::Router::new()
/// #     .route("/me", axum::routing::get(me)).route("/", axum::routing::get(whoever));
/// ```
///
/// # Rejections
/// - 401 `missing_credentials`: let in as nobody, by
///   [`AuthLayer::optional`](crate::AuthLayer::optional).
///   `Option<Authenticated<C>>` is `None` instead.
/// - 401 `invalid_token`: the token does not have the claims of `C`. One that
///   is issued after the claims were introduced has them.
/// - 500 `internal_error`: no layer at all. Nobody is let in, and the log
///   names what is missing.
pub struct Authenticated<C = NoClaims> {
    identity: Arc<Identity>,
    claims: Arc<C>,
}

/// No claims of the application's own are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct NoClaims {}

impl<C> Authenticated<C> {
    /// `sub`: whom the token is about.
    pub fn subject(&self) -> &str {
        self.identity.subject()
    }

    /// `sub` as a user of this SDK; `None` for another issuer's subjects.
    pub fn user(&self) -> Option<UserId> {
        self.identity.user()
    }

    /// The API key that was presented; `None` if it was an access token.
    pub fn api_key(&self) -> Option<ApiKeyId> {
        self.identity.api_key()
    }

    /// `sid`: the session.
    pub fn session(&self) -> Option<SessionId> {
        self.identity.session()
    }

    /// `tid`: the user's tenant.
    pub fn tenant(&self) -> Option<TenantId> {
        self.identity.tenant()
    }

    /// `scope`: what the token allows.
    pub fn scope(&self) -> &Scope {
        self.identity.scope()
    }

    /// The application's own claims.
    pub fn claims(&self) -> &C {
        &self.claims
    }

    /// Everything the token says.
    pub const fn identity(&self) -> &Arc<Identity> {
        &self.identity
    }
}

impl<C: DeserializeOwned + Send + Sync + 'static> Authenticated<C> {
    fn read(gate: &Gate, identity: &Arc<Identity>) -> Result<Self, Rejection> {
        let claims = own_claims(identity).map_err(|error| {
            // Its source may quote a claim.
            tracing::warn!(%error, wanted = type_name::<C>(), "token refused");
            Rejection::bearer(gate.realm(), Code::InvalidToken)
        })?;
        Ok(Self {
            identity: Arc::clone(identity),
            claims,
        })
    }

    fn gate(extensions: &Extensions) -> Result<&Gate, Rejection> {
        Gate::of(extensions, type_name::<Self>())
    }
}

/// An identity keeps the first type its claims were parsed as; asking for
/// nothing must not take that place.
fn own_claims<C: DeserializeOwned + Send + Sync + 'static>(
    identity: &Identity,
) -> Result<Arc<C>, ClaimsError> {
    if TypeId::of::<C>() == TypeId::of::<NoClaims>() {
        let none: Arc<dyn Any + Send + Sync> = Arc::new(NoClaims {});
        if let Ok(none) = none.downcast() {
            return Ok(none);
        }
    }
    identity.claims()
}

impl<S, C> FromRequestParts<S> for Authenticated<C>
where
    S: Send + Sync,
    C: DeserializeOwned + Send + Sync + 'static,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Rejection> {
        let gate = Self::gate(&parts.extensions)?;
        Self::read(gate, gate.identity(&parts.extensions)?)
    }
}

impl<S, C> OptionalFromRequestParts<S> for Authenticated<C>
where
    S: Send + Sync,
    C: DeserializeOwned + Send + Sync + 'static,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Option<Self>, Rejection> {
        let gate = Self::gate(&parts.extensions)?;
        let identity = parts.extensions.get();
        identity
            .map(|identity| Self::read(gate, identity))
            .transpose()
    }
}

impl<C> Clone for Authenticated<C> {
    fn clone(&self) -> Self {
        Self {
            identity: Arc::clone(&self.identity),
            claims: Arc::clone(&self.claims),
        }
    }
}

/// Shows whose it is, and nothing that could be personal.
impl<C> fmt::Debug for Authenticated<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Authenticated")
            .field(&self.identity)
            .finish()
    }
}
