//! A role as a handler's argument.

use std::any::type_name;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use auth_core::{Code, Identity};
use axum::extract::FromRequestParts;
use http::request::Parts;

use crate::layer::Gate;
use crate::rejection::Rejection;

/// The name of a role, as a type.
pub trait RoleName: Send + Sync + 'static {
    /// The role, as it stands in the claim `roles`. An empty one does not
    /// compile.
    const ROLE: &'static str;
}

/// A handler with this argument is called only if the user has the role `R`.
///
/// ```
/// use auth_axum::{RequireRole, RoleName};
///
/// struct Clerk;
/// impl RoleName for Clerk {
///     const ROLE: &'static str = "clerk";
/// }
///
/// async fn file(clerk: RequireRole<Clerk>) -> String {
///     format!("filed by {}", clerk.identity().subject())
/// }
/// # let _: axum::Router = axum::Router::new().route("/", axum::routing::get(file));
/// ```
///
/// # Rejections
/// 403 `permission_denied`, and those of
/// [`Authenticated`](crate::Authenticated).
pub struct RequireRole<R> {
    identity: Arc<Identity>,
    role: PhantomData<fn() -> R>,
}

impl<R> RequireRole<R> {
    /// Who is calling.
    pub const fn identity(&self) -> &Arc<Identity> {
        &self.identity
    }
}

impl<State, R> FromRequestParts<State> for RequireRole<R>
where
    State: Send + Sync,
    R: RoleName,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _state: &State) -> Result<Self, Rejection> {
        const {
            assert!(!R::ROLE.is_empty(), "RoleName::ROLE is empty");
        };
        let gate = Gate::of(&parts.extensions, type_name::<Self>())?;
        let identity = gate.identity(&parts.extensions)?;
        if identity.roles().iter().any(|role| role == R::ROLE) {
            return Ok(Self {
                identity: Arc::clone(identity),
                role: PhantomData,
            });
        }
        Err(Rejection::new(Code::PermissionDenied))
    }
}

impl<R> fmt::Debug for RequireRole<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RequireRole").field(&self.identity).finish()
    }
}
