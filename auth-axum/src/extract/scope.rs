//! A scope as a handler's argument.

use std::any::type_name;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use auth_core::{Code, Identity};
use axum::extract::FromRequestParts;
use http::request::Parts;

use crate::layer::Gate;
use crate::rejection::Rejection;

/// The name of a scope, as a type.
pub trait ScopeName: Send + Sync + 'static {
    /// Scope tokens, separated by single spaces (RFC 6749 §3.3); all of them
    /// are asked for. What is no scope does not compile.
    const SCOPE: &'static str;
}

/// A handler with this argument is called only if the token has the scope `S`.
///
/// ```
/// use auth_axum::{RequireScope, ScopeName};
///
/// struct Admin;
/// impl ScopeName for Admin {
///     const SCOPE: &'static str = "admin";
/// }
///
/// async fn admin(_: RequireScope<Admin>) -> &'static str {
///     "ok"
/// }
/// # let _: axum::Router = axum::Router::new().route("/", axum::routing::get(admin));
/// ```
///
/// A name that would be no scope, and so would ask for nothing, is an error of
/// the compiler:
///
/// ```compile_fail
/// use auth_axum::{RequireScope, ScopeName};
///
/// struct Nothing;
/// impl ScopeName for Nothing {
///     const SCOPE: &'static str = "";
/// }
///
/// async fn nothing(_: RequireScope<Nothing>) {}
/// fn main() {
///     let _: axum::Router = axum::Router::new().route("/", axum::routing::get(nothing));
/// }
/// ```
///
/// # Rejections
/// 403 `insufficient_scope` with the scope that is needed (RFC 6750 §3.1), and
/// those of [`Authenticated`](crate::Authenticated).
pub struct RequireScope<S> {
    identity: Arc<Identity>,
    scope: PhantomData<fn() -> S>,
}

impl<S> RequireScope<S> {
    /// Who is calling.
    pub const fn identity(&self) -> &Arc<Identity> {
        &self.identity
    }
}

impl<State, S> FromRequestParts<State> for RequireScope<S>
where
    State: Send + Sync,
    S: ScopeName,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _state: &State) -> Result<Self, Rejection> {
        const {
            assert!(
                is_scope(S::SCOPE.as_bytes()),
                "ScopeName::SCOPE is not a scope"
            );
        };
        let gate = Gate::of(&parts.extensions, type_name::<Self>())?;
        let identity = gate.identity(&parts.extensions)?;
        if S::SCOPE
            .split(' ')
            .all(|token| identity.scope().contains(token))
        {
            return Ok(Self {
                identity: Arc::clone(identity),
                scope: PhantomData,
            });
        }
        let code = Code::InsufficientScope;
        let challenge = gate.realm().error(code, Some(("scope", S::SCOPE)));
        Err(Rejection::new(code).with_challenge(challenge))
    }
}

/// `scope-token *( SP scope-token )` (RFC 6749 §3.3), at compile time.
const fn is_scope(text: &[u8]) -> bool {
    let mut inside_token = false;
    let mut at = 0;
    while at < text.len() {
        inside_token = match text[at] {
            0x21 | 0x23..=0x5b | 0x5d..=0x7e => true,
            b' ' if inside_token => false,
            _ => return false,
        };
        at += 1;
    }
    inside_token
}

impl<S> fmt::Debug for RequireScope<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RequireScope").field(&self.identity).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_compiles_is_what_core_calls_a_scope() {
        for text in [
            "a",
            "a b",
            "orders:write",
            "",
            " ",
            "a ",
            " a",
            "a  b",
            "a\"",
            "a\\",
            "é",
            "a\tb",
        ] {
            let parsed = text
                .parse::<auth_core::Scope>()
                .is_ok_and(|scope| !scope.is_empty());
            assert_eq!(is_scope(text.as_bytes()), parsed, "{text:?}");
        }
    }
}
