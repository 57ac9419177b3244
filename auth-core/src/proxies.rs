//! The client's address, where proxies are in between.

use std::net::{IpAddr, SocketAddr};

/// How many proxies of one's own each request passes through on its way here,
/// and so how much of `X-Forwarded-For` is to be believed.
///
/// Each proxy appends the address that it was called from. What the last
/// proxies have appended is theirs; everything to the left of that was sent by
/// the client, who may write there what it likes. So entries are counted from
/// the right, over all lines of the header: with one proxy the last entry is
/// the client, with two the last but one.
///
/// | | the client's address |
/// |---|---|
/// | no proxies (the default) | the connection's; the header is not read |
/// | some, and enough entries | the one that is counted to |
/// | some, and fewer entries than proxies | unknown: the request came another way |
/// | the entry is no address (`unknown`, `_hidden`, nothing) | unknown |
///
/// Requests whose address is unknown count as one [`Network`](crate::Network).
///
/// What counts cannot tell is whether the request came through the proxies at
/// all: whoever can reach the service past them can claim any address. Let
/// nobody.
///
/// ```
/// use auth_core::TrustedProxies;
///
/// let forwarded = ["198.51.100.1, 203.0.113.7".as_bytes()];
/// let behind_one = TrustedProxies::new(1);
/// assert_eq!(behind_one.client(None, forwarded), "203.0.113.7".parse().ok());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(u8);

impl TrustedProxies {
    /// None: the connection's address is the client's.
    pub const NONE: Self = Self(0);

    /// So many.
    pub const fn new(count: u8) -> Self {
        Self(count)
    }

    /// The client's address. `peer` is that of the connection, `forwarded` the
    /// lines of the header `X-Forwarded-For`, in order.
    pub fn client<'a, L>(&self, peer: Option<IpAddr>, forwarded: L) -> Option<IpAddr>
    where
        L: IntoIterator<Item = &'a [u8], IntoIter: DoubleEndedIterator>,
    {
        let Some(left_of_it) = self.0.checked_sub(1) else {
            return peer;
        };
        let mut from_the_right = forwarded
            .into_iter()
            .rev()
            .flat_map(|line| line.rsplit(|byte| *byte == b','));
        address(from_the_right.nth(left_of_it.into())?)
    }
}

/// An address, which some proxies write with a port (and IPv6 in brackets).
fn address(entry: &[u8]) -> Option<IpAddr> {
    let text = str::from_utf8(entry).ok()?.trim_matches([' ', '\t']);
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    match bare {
        Some(bare) => bare.parse().map(IpAddr::V6).ok(),
        None => text
            .parse()
            .or_else(|_| text.parse::<SocketAddr>().map(|with_port| with_port.ip()))
            .ok(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PEER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));

    fn client(proxies: u8, lines: &[&str]) -> Option<String> {
        let lines: Vec<_> = lines.iter().map(|line| line.as_bytes()).collect();
        let client = TrustedProxies::new(proxies).client(Some(PEER), lines);
        client.map(|address| address.to_string())
    }

    #[test]
    fn c80_without_proxies_the_header_is_not_read() {
        assert_eq!(client(0, &["203.0.113.7"]).as_deref(), Some("10.0.0.1"));
        assert_eq!(
            TrustedProxies::NONE.client(None, [&b"203.0.113.7"[..]]),
            None
        );
    }

    #[test]
    fn c80_entries_are_counted_from_the_right_over_all_lines() {
        let lines = ["1.1.1.1, 2.2.2.2", "3.3.3.3 ,\t4.4.4.4"];
        for (proxies, expected) in [
            (1, "4.4.4.4"),
            (2, "3.3.3.3"),
            (3, "2.2.2.2"),
            (4, "1.1.1.1"),
        ] {
            assert_eq!(client(proxies, &lines).as_deref(), Some(expected));
        }
        // Never the left-most for want of another, nor the proxy itself.
        assert_eq!(client(5, &lines), None);
        assert_eq!(client(255, &lines), None);
        assert_eq!(client(1, &[]), None);
    }

    #[test]
    fn c80_an_entry_that_is_no_address_is_unknown_and_hides_no_other() {
        for entry in [
            "",
            " ",
            "unknown",
            "_hidden",
            "1.2.3",
            "1.2.3.4.5",
            "::1%eth0",
            "[1.2.3.4]",
            "[::1",
            "\u{e9}",
        ] {
            let line = format!("198.51.100.1, {entry}");
            assert_eq!(client(1, &[&line]), None, "{entry:?}");
            assert_eq!(
                client(2, &[&line]).as_deref(),
                Some("198.51.100.1"),
                "{entry:?}"
            );
        }
    }

    #[test]
    fn addresses_are_read_as_proxies_write_them() {
        for (entry, expected) in [
            ("203.0.113.7", "203.0.113.7"),
            ("203.0.113.7:4711", "203.0.113.7"),
            ("2001:db8::7", "2001:db8::7"),
            ("[2001:db8::7]", "2001:db8::7"),
            ("[2001:db8::7]:4711", "2001:db8::7"),
        ] {
            assert_eq!(client(1, &[entry]).as_deref(), Some(expected));
        }
    }

    proptest! {
        /// What a client sends of its own changes nothing to the right of it.
        #[test]
        fn c80_what_a_client_sends_cannot_change_its_address(
            sent in proptest::collection::vec(any::<Vec<u8>>(), 0..4),
            proxies in 1_u8..4,
        ) {
            let appended: Vec<_> = (0..proxies).map(|n| format!("203.0.113.{n}")).collect();
            let appended = appended.join(", ");
            let mut lines: Vec<&[u8]> = sent.iter().map(Vec::as_slice).collect();
            lines.push(appended.as_bytes());
            let client = TrustedProxies::new(proxies).client(Some(PEER), lines);
            prop_assert_eq!(client.map(|address| address.to_string()), Some("203.0.113.0".to_owned()));
        }
    }
}
