//! The table of routes: what is not in it is not served, and what is says
//! whom it is open to.

use std::sync::Arc;

use auth_core::Code;
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodFilter, MethodRouter, on};
use http::Method;

use super::state::Shared;
use super::{
    envelope, log_in, log_out, me, password, password_reset, refresh, sessions, sign_up, well_known,
};
use crate::idempotency::IdempotencyLayer;
use crate::layer::AuthLayer;
use crate::rejection::Rejection;

/// Whom a route is open to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Access {
    /// Everybody.
    Public,
    /// Whoever has a valid access token. An API key is none: 403.
    Bearer,
}

/// One of the ready-made routes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Endpoint {
    /// Its method.
    pub method: Method,
    /// Its path, with captures as axum writes them.
    pub path: String,
    /// Whom it is open to.
    pub access: Access,
}

type Routes = Router<Arc<Shared>>;

macro_rules! routes {
    ($list:ident, $add:ident: $($method:ident $path:literal $access:ident $($layer:ident)? => $handler:path;)*) => {
        fn $list(prefix: &str) -> impl Iterator<Item = Endpoint> {
            let method = [$(Method::$method),*];
            let rest = [$(($path, Access::$access)),*];
            method.into_iter().zip(rest).map(move |(method, (path, access))| {
                Endpoint { method, path: format!("{prefix}{path}"), access }
            })
        }

        fn $add(router: Routes, layers: &Layers) -> Routes {
            router$(.route($path, {
                let endpoint = on(MethodFilter::$method, $handler);
                $(let endpoint = $layer(endpoint, layers);)?
                guarded(Access::$access, endpoint, layers)
            }))*
        }
    };
}

routes! { under_prefix, add_under_prefix:
    POST "/signup" Public at_most_once => sign_up::sign_up;
    POST "/login" Public => log_in::log_in;
    POST "/refresh" Public => refresh::refresh;
    POST "/logout" Public => log_out::log_out;
    POST "/logout-all" Bearer => log_out::log_out_everywhere;
    POST "/password" Bearer => password::change_password;
    GET "/me" Bearer => me::me;
    GET "/sessions" Bearer => sessions::sessions;
    DELETE "/sessions/{session}" Bearer => sessions::end_session;
}

routes! { of_resets, add_of_resets:
    POST "/password/forgot" Public => password_reset::forgot;
    POST "/password/reset" Public => password_reset::reset;
}

routes! { at_root, add_at_root:
    GET "/.well-known/jwks.json" Public => well_known::jwks;
}

type Endpoints = MethodRouter<Arc<Shared>>;

/// What routes are put under, each under those that its row names.
struct Layers {
    bearer: AuthLayer,
    once: Option<IdempotencyLayer>,
}

/// For what makes something, and answers no token.
fn at_most_once(endpoint: Endpoints, layers: &Layers) -> Endpoints {
    match &layers.once {
        Some(once) => endpoint.route_layer(once.clone()),
        None => endpoint,
    }
}

fn guarded(access: Access, endpoint: Endpoints, layers: &Layers) -> Endpoints {
    match access {
        Access::Public => endpoint,
        Access::Bearer => endpoint.route_layer(layers.bearer.clone()),
    }
}

pub(super) fn endpoints(prefix: &str, with_resets: bool) -> Vec<Endpoint> {
    let resets = of_resets(prefix).filter(|_| with_resets);
    under_prefix(prefix)
        .chain(resets)
        .chain(at_root(""))
        .collect()
}

pub(super) fn router<S>(prefix: &str, shared: Arc<Shared>) -> Router<S> {
    let layers = Layers {
        bearer: AuthLayer::new(shared.auth.verifier()).with_realm(shared.auth.issuer()),
        once: shared.once.clone(),
    };
    let envelope = from_fn_with_state(Arc::clone(&shared), envelope::envelope);
    let mut inner = add_under_prefix(Router::new(), &layers);
    if shared.resets.is_some() {
        inner = add_of_resets(inner, &layers);
    }
    let inner = inner.method_not_allowed_fallback(wrong_method);
    let root = add_at_root(Router::new(), &layers)
        .method_not_allowed_fallback(wrong_method)
        .route_layer(envelope.clone());
    // Where they have a prefix to themselves they answer for all of it; at the
    // root what is unknown is the application's.
    let router = if prefix.is_empty() {
        root.merge(inner.route_layer(envelope))
    } else {
        root.nest(prefix, inner.fallback(unknown).layer(envelope))
    };
    router.with_state(shared)
}

async fn unknown() -> Rejection {
    Rejection::new(Code::NotFound)
}

async fn wrong_method() -> Rejection {
    Rejection::new(Code::MethodNotAllowed)
}
