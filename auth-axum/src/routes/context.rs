//! A request's circumstances, as the use-cases want to know them.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Once};

use auth_core::{TenantId, TrustedProxies};
use auth_sdk::Context;
use axum::extract::{ConnectInfo, FromRequestParts};
use http::HeaderValue;
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

fn client_address(parts: &Parts, proxies: TrustedProxies) -> Option<IpAddr> {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    let forwarded = parts.headers.get_all("x-forwarded-for").iter();
    let lines: Vec<_> = forwarded.map(HeaderValue::as_bytes).collect();
    proxies.client(peer.map(|peer| peer.0.ip()), lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(proxies: u8, peer: Option<&str>, forwarded: &[&[u8]]) -> Option<String> {
        let mut request = http::Request::builder();
        for line in forwarded {
            request = request.header("x-forwarded-for", *line);
        }
        if let Some(peer) = peer {
            let peer: SocketAddr = peer.parse().unwrap();
            request = request.extension(ConnectInfo(peer));
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let client = client_address(&parts, TrustedProxies::new(proxies));
        client.map(|address| address.to_string())
    }

    #[test]
    fn c80_the_address_is_the_connections_or_what_trusted_proxies_say() {
        let peer = Some("10.0.0.1:4711");
        let forged: &[&[u8]] = &[b"1.2.3.4"];
        assert_eq!(client(0, peer, forged).as_deref(), Some("10.0.0.1"));
        assert_eq!(client(0, None, forged), None);
        let lines: &[&[u8]] = &[b"1.2.3.4, 203.0.113.7", b"198.51.100.1"];
        assert_eq!(client(1, peer, lines).as_deref(), Some("198.51.100.1"));
        assert_eq!(client(2, None, lines).as_deref(), Some("203.0.113.7"));
        for broken in [&b""[..], b"unknown", b"\xff\xfe", b"1.2.3.4,", b",,,"] {
            assert_eq!(client(1, peer, &[broken]), None, "{broken:?}");
        }
        assert_eq!(client(1, peer, &[]), None);
    }
}
