//! Where servers are, as URLs say it.

use std::fmt;
use std::str::FromStr as _;

use redis::{ConnectionAddr, ConnectionInfo, RedisConnectionInfo};
use url::Url;

use super::error::LinkConfigError;

/// Host and port of one server.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Address {
    pub(super) host: String,
    pub(super) port: u16,
}

impl Address {
    /// `host:port`, as servers tell it of each other: an IPv6 address comes without
    /// brackets. Nothing before the colon is the host of who says so.
    pub(super) fn told(text: &str, by: &Self) -> Option<Self> {
        let (host, port) = text.rsplit_once(':')?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let host = if host.is_empty() { &by.host } else { host };
        Some(Self {
            host: host.to_owned(),
            port: port.parse().ok()?,
        })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// What a URL says besides where.
#[derive(Clone, Debug)]
pub(super) struct Access {
    pub(super) tls: bool,
    /// Its `Debug` keeps the password to itself.
    pub(super) login: RedisConnectionInfo,
}

impl Access {
    fn is_same(&self, other: &Self) -> bool {
        self.tls == other.tls
            && self.login.username() == other.login.username()
            && self.login.password() == other.login.password()
            && self.login.db() == other.login.db()
    }
}

/// What several URLs of one installation say.
pub(super) fn read(urls: &[&str], port: u16) -> Result<(Vec<Address>, Access), LinkConfigError> {
    let mut all = urls.iter().map(|url| read_one(url, port));
    let (first, access) = all.next().ok_or(LinkConfigError::NoAddress)??;
    let mut addresses = vec![first];
    for other in all {
        let (address, other) = other?;
        if !access.is_same(&other) {
            return Err(LinkConfigError::Mixed);
        }
        addresses.push(address);
    }
    Ok((addresses, access))
}

fn read_one(url: &str, port: u16) -> Result<(Address, Access), LinkConfigError> {
    // What the parsers say may quote the URL, and with it a password.
    let bad = |why: &'static str| LinkConfigError::Url(why.into());
    let mut url = Url::parse(url).map_err(|error| LinkConfigError::Url(error.into()))?;
    let tls = match url.scheme() {
        "redis" | "valkey" => false,
        "rediss" | "valkeys" => true,
        _ => return Err(bad("the scheme is none of Redis")),
    };
    if url.query().is_some() || url.fragment().is_some() {
        return Err(bad("parameters are set by the builder"));
    }
    // Without its TLS, that is all that redis takes.
    url.set_scheme("redis")
        .map_err(|()| bad("the scheme is none of Redis"))?;
    if url.port().is_none() {
        url.set_port(Some(port))
            .map_err(|()| bad("there is no host"))?;
    }
    let info = ConnectionInfo::from_str(url.as_str())
        .map_err(|_| bad("host, credentials or database cannot be read"))?;
    let ConnectionAddr::Tcp(host, port) = info.addr() else {
        return Err(bad("there is no host"));
    };
    let address = Address {
        host: host.clone(),
        port: *port,
    };
    // Nobody looks, and it is two more commands a connection.
    let login = info.redis_settings().clone().set_skip_set_lib_name();
    Ok((address, Access { tls, login }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_says_where_and_as_whom() {
        let (at, access) = read(&["rediss://us%40r:p%3Aw@[::1]:7000/3"], 6379).unwrap();
        assert_eq!(at[0].to_string(), "::1:7000");
        assert!(access.tls);
        assert_eq!(access.login.username(), Some("us@r"));
        assert_eq!(access.login.password(), Some("p:w"));
        assert_eq!(access.login.db(), 3);
        let (at, access) = read(&["valkey://cache.example"], 6379).unwrap();
        assert_eq!(at[0].to_string(), "cache.example:6379");
        assert!(!access.tls && access.login.password().is_none());
    }

    #[test]
    fn what_is_no_url_of_a_redis_is_refused_without_quoting_its_password() {
        for url in [
            "",
            "redis://",
            "redis:///0",
            "http://h/",
            "unix:///tmp/s",
            "redis://h/x",
            "redis://u:secret@h/x",
            "redis://u:secret@h:99999/",
            "rediss://u:secret@h/#insecure",
            "redis://u:secret@h/?protocol=resp3",
        ] {
            let error = read(&[url], 1).unwrap_err();
            assert!(!format!("{error:?}").contains("secret"), "{error:?}");
        }
        assert!(matches!(read(&[], 1), Err(LinkConfigError::NoAddress)));
    }

    #[test]
    fn several_urls_say_the_same_but_for_the_place() {
        let (all, _) = read(&["redis://:p@a:1", "redis://:p@b:2"], 1).unwrap();
        assert_eq!(all.len(), 2);
        for other in ["redis://:q@b", "rediss://:p@b", "redis://:p@b/1"] {
            let mixed = read(&["redis://:p@a", other], 1);
            assert!(matches!(mixed, Err(LinkConfigError::Mixed)), "{other}");
        }
    }

    #[test]
    fn a_host_that_is_left_out_is_that_of_who_speaks() {
        let by = Address {
            host: "me".to_owned(),
            port: 1,
        };
        let told = |text| Address::told(text, &by).map(|at| (at.host, at.port));
        assert_eq!(told(":7"), Some(("me".to_owned(), 7)));
        assert_eq!(told("10.0.0.1:7"), Some(("10.0.0.1".to_owned(), 7)));
        assert_eq!(told("fe80::1:7"), Some(("fe80::1".to_owned(), 7)));
        assert_eq!(told("nowhere"), None);
    }
}
