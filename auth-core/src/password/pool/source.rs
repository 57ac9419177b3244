//! Where a job comes from, as far as fairness goes.

use std::net::IpAddr;

/// The network that a password came from: the first 24 bits of an IPv4 address,
/// or the first 48 of an IPv6 address, which is what one customer is given.
///
/// When there is more work than fits, sources share the pool's places and its
/// time equally: see [`HashPool::for_source`](super::HashPool::for_source).
/// Whoever does not say where a job comes from is one source.
///
/// ```
/// use std::net::IpAddr;
/// use auth_core::password::Source;
///
/// let source = |text: &str| text.parse::<IpAddr>().map(Source::from);
/// assert_eq!(source("192.0.2.1")?, source("192.0.2.200")?);
/// assert_eq!(source("192.0.2.1")?, source("::ffff:192.0.2.1")?);
/// assert_eq!(source("2001:db8:1:2::3")?, source("2001:db8:1:ffff::")?);
/// assert_ne!(source("2001:db8:1::")?, source("2001:db8:2::")?);
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Source(Network);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
enum Network {
    #[default]
    Unknown,
    V4([u8; 3]),
    V6([u16; 3]),
}

impl Source {
    /// Not known.
    pub const UNKNOWN: Self = Self(Network::Unknown);
}

impl From<IpAddr> for Source {
    fn from(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V4(address) => {
                let [a, b, c, _] = address.octets();
                Network::V4([a, b, c])
            }
            IpAddr::V6(address) => {
                let [a, b, c, ..] = address.segments();
                Network::V6([a, b, c])
            }
        })
    }
}
