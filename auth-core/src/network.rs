//! Where a request comes from, as far as limits are concerned.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The network of a client's address: the /24 of an IPv4 address, the /48 of
/// an IPv6 one. Whoever has one address of it can easily have many, so limits
/// count networks.
///
/// ```
/// use auth_core::Network;
///
/// let of = |text: &str| text.parse().map(Network::of);
/// assert_eq!(of("203.0.113.7")?, of("203.0.113.250")?);
/// assert_eq!(of("203.0.113.7")?, of("::ffff:203.0.113.8")?);
/// assert_ne!(of("2001:db8:1::1")?, of("2001:db8:2::1")?);
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Network(Prefix);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Prefix {
    #[default]
    Unknown,
    V4([u8; 3]),
    V6([u8; 6]),
}

impl Network {
    /// Of requests whose address is not known. They count as one network.
    pub const UNKNOWN: Self = Self(Prefix::Unknown);

    /// The network of an address. IPv4 addresses in IPv6 clothes
    /// (`::ffff:a.b.c.d`, RFC 4291 §2.5.5.2) are IPv4.
    pub const fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V4(address) => {
                let [a, b, c, _] = address.octets();
                Prefix::V4([a, b, c])
            }
            IpAddr::V6(address) => {
                let o = address.octets();
                Prefix::V6([o[0], o[1], o[2], o[3], o[4], o[5]])
            }
        })
    }
}

/// In CIDR notation (RFC 4632); `unknown`.
impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Prefix::Unknown => f.write_str("unknown"),
            Prefix::V4([a, b, c]) => write!(f, "{}/24", Ipv4Addr::new(a, b, c, 0)),
            Prefix::V6(octets) => {
                let mut all = [0; 16];
                all[..6].copy_from_slice(&octets);
                write!(f, "{}/48", Ipv6Addr::from(all))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_has_a_name_of_its_own() {
        let name = |text: &str| Network::of(text.parse().unwrap()).to_string();
        assert_eq!(name("203.0.113.7"), "203.0.113.0/24");
        assert_eq!(name("2001:db8:1:2:3::4"), "2001:db8:1::/48");
        assert_eq!(name("::ffff:203.0.113.7"), "203.0.113.0/24");
        assert_eq!(Network::UNKNOWN.to_string(), "unknown");
    }
}
