//! A request's circumstances, as the use-cases want to know them.

use std::convert::Infallible;
use std::sync::Arc;

use auth_core::TenantId;
use auth_sdk::Context;
use axum::extract::FromRequestParts;
use http::header::USER_AGENT;
use http::request::Parts;

use super::state::Shared;

/// The context of a request to a public route.
pub(super) struct Public(pub(super) Context);

impl FromRequestParts<Arc<Shared>> for Public {
    type Rejection = Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        shared: &Arc<Shared>,
    ) -> Result<Self, Infallible> {
        Ok(Self(context(parts, (shared.tenant)(parts))))
    }
}

/// Of a request for `tenant`, from the device that its `User-Agent` names.
pub(super) fn context(parts: &Parts, tenant: TenantId) -> Context {
    let context = Context::new().with_tenant(tenant);
    match parts
        .headers
        .get(USER_AGENT)
        .and_then(|agent| agent.to_str().ok())
    {
        Some(agent) => context.with_device(agent),
        None => context,
    }
}
