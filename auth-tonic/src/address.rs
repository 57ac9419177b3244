//! The client's address, for the application's use-cases.

use std::net::{IpAddr, SocketAddr};

use auth_core::TrustedProxies;
use tonic::metadata::{MetadataMap, MetadataValue};

/// Where a call comes from: what `Context::with_client_address` of the SDK wants
/// to know. `peer` is the connection's address, tonic's `Request::remote_addr()`;
/// what of `x-forwarded-for` is believed, [`TrustedProxies`] says.
///
/// ```
/// use auth_core::TrustedProxies;
/// use auth_tonic::client_address;
/// use tonic::Request;
///
/// let mut call = Request::new(());
/// call.metadata_mut().insert("x-forwarded-for", "1.2.3.4, 203.0.113.7".parse()?);
/// let peer = "10.0.0.1:4711".parse().ok(); // call.remote_addr()
/// let direct = client_address(call.metadata(), peer, TrustedProxies::NONE);
/// assert_eq!(direct, "10.0.0.1".parse().ok());
/// let behind_one = client_address(call.metadata(), peer, TrustedProxies::new(1));
/// assert_eq!(behind_one, "203.0.113.7".parse().ok());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn client_address(
    metadata: &MetadataMap,
    peer: Option<SocketAddr>,
    proxies: TrustedProxies,
) -> Option<IpAddr> {
    let forwarded = metadata.get_all("x-forwarded-for").iter();
    let lines: Vec<_> = forwarded.map(MetadataValue::as_encoded_bytes).collect();
    proxies.client(peer.map(|peer| peer.ip()), lines)
}
