//! Where a request comes from, as far as that is believed.

use std::net::{IpAddr, SocketAddr};

use auth_core::TrustedProxies;
use axum::extract::ConnectInfo;
use http::HeaderValue;
use http::request::Parts;

/// The connection's address, or what trusted proxies say of it.
pub(crate) fn client_address(parts: &Parts, proxies: TrustedProxies) -> Option<IpAddr> {
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
