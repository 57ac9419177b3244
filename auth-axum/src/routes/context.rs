//! A request's circumstances, as the use-cases want to know them.

use std::convert::Infallible;
use std::sync::{Arc, Once};

use auth_core::TenantId;
use auth_sdk::Context;
use axum::extract::FromRequestParts;
use http::header::USER_AGENT;
use http::request::Parts;

use super::state::Shared;
use crate::address::client_address;

/// The context of a request to a public route.
pub(super) struct Public(pub(super) Context);

impl FromRequestParts<Arc<Shared>> for Public {
    type Rejection = Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        shared: &Arc<Shared>,
    ) -> Result<Self, Infallible> {
        Ok(Self(shared.context(parts, (shared.tenant)(parts))))
    }
}

impl Shared {
    /// Of a request for `tenant`, from the device that its `User-Agent` names and
    /// the address that is believed.
    pub(super) fn context(&self, parts: &Parts, tenant: TenantId) -> Context {
        let mut context = Context::new().with_tenant(tenant);
        if let Some(patience) = self.limits.hash {
            context = context.with_patience(patience);
        }
        let agent = parts.headers.get(USER_AGENT);
        if let Some(agent) = agent.and_then(|agent| agent.to_str().ok()) {
            context = context.with_device(agent);
        }
        if let Some(address) = client_address(parts, self.proxies) {
            return context.with_client_address(address);
        }
        WARNED.call_once(|| {
            tracing::warn!(
                "a request's address is not known, so that its attempts at passwords count as \
                 everybody's: serve with connect info, or state the trusted proxies"
            );
        });
        context
    }
}

static WARNED: Once = Once::new();
