use std::sync::Arc;
use std::time::Duration;

use auth_core::{SecureRandom, SystemRandom};
use redis::RedisConnectionInfo;

use super::cluster::Cluster;
use super::dial::{Dialer, Limits};
use super::error::LinkConfigError;
use super::link::RedisLink;
use super::node::{Node, Target};
use super::place::{self, Access, Address};
use super::route::Route;
use super::sentinel::Sentinels;
use super::tls::Certificates;
use crate::tiered::noise::Noise;

/// Builds a [`RedisLink`].
///
/// # Defaults
/// - deadline of a call, with all that it is sent on to: 200 ms
/// - deadline of an attempt to connect, with TLS and logging in: 1 s
/// - calls in a row without an answer that end a connection: 3
/// - commands that may be outstanding on a connection: 16384; more of them wait
/// - the largest answer: 64 MiB
/// - pause before another attempt to connect: 20 ms, doubled up to 400 ms, less up to
///   half at random; not adjustable
/// - TLS, with `rediss://`: 1.2 or 1.3, by rustls with ring, trusting whom the system
///   trusts
#[derive(Clone, Debug)]
pub struct RedisLinkBuilder {
    kind: Kind,
    access: Access,
    certificates: Certificates,
    limits: Limits,
    random: Arc<dyn SecureRandom>,
}

#[derive(Clone, Debug)]
enum Kind {
    Single(Address),
    Sentinel {
        addresses: Vec<Address>,
        name: String,
        login: RedisConnectionInfo,
    },
    Cluster(Vec<Address>),
}

impl RedisLinkBuilder {
    fn new(kind: Kind, access: Access) -> Self {
        Self {
            kind,
            access,
            certificates: Certificates::default(),
            limits: Limits {
                deadline: Duration::from_millis(200),
                connect_deadline: Duration::from_secs(1),
                timeouts: 3,
                outstanding: 16 * 1024,
                answer_bytes: 64 << 20,
            },
            random: Arc::new(SystemRandom::new()),
        }
    }

    pub(super) fn single(url: &str) -> Result<Self, LinkConfigError> {
        let (mut addresses, access) = place::read(&[url], 6379)?;
        Ok(Self::new(Kind::Single(addresses.remove(0)), access))
    }

    pub(super) fn sentinel(urls: &[&str], name: &str) -> Result<Self, LinkConfigError> {
        let (addresses, access) = place::read(urls, 26379)?;
        let kind = Kind::Sentinel {
            addresses,
            name: name.to_owned(),
            login: access.login.clone().set_db(0),
        };
        Ok(Self::new(kind, access))
    }

    pub(super) fn cluster(urls: &[&str]) -> Result<Self, LinkConfigError> {
        let (addresses, access) = place::read(urls, 6379)?;
        if access.login.db() != 0 {
            return Err(LinkConfigError::Database);
        }
        Ok(Self::new(Kind::Cluster(addresses), access))
    }

    /// Ends each call after `deadline`, answered or not.
    pub const fn with_deadline(mut self, deadline: Duration) -> Self {
        self.limits.deadline = deadline;
        self
    }

    /// Gives up an attempt to connect after `deadline`. A server that is back is found
    /// by the next attempt, so this bounds how long that takes.
    pub const fn with_connect_deadline(mut self, deadline: Duration) -> Self {
        self.limits.connect_deadline = deadline;
        self
    }

    /// Takes a connection for dead after so many calls in a row without an answer.
    pub const fn with_timeouts_to_reconnect(mut self, timeouts: u32) -> Self {
        self.limits.timeouts = timeouts;
        self
    }

    /// Lets so many commands be outstanding on one connection.
    pub const fn with_outstanding(mut self, commands: usize) -> Self {
        self.limits.outstanding = commands;
        self
    }

    /// Takes no answer of more bytes, where each value of it counts for at least 64.
    pub const fn with_largest_answer(mut self, bytes: u64) -> Self {
        self.limits.answer_bytes = bytes;
        self
    }

    /// Logs in as `user`, whatever the URL says; to the servers, if there are
    /// Sentinels.
    pub fn with_credentials(mut self, user: &str, password: &str) -> Self {
        let login = self.access.login.clone();
        self.access.login = login.set_username(user).set_password(password);
        self
    }

    /// Trusts these certificate authorities (PEM) and no others.
    ///
    /// # Errors
    /// [`LinkConfigError::Certificates`] when there are none in it.
    pub fn with_roots(mut self, pem: &[u8]) -> Result<Self, LinkConfigError> {
        self.certificates.trust(pem)?;
        Ok(self)
    }

    /// Shows this certificate, with those it was issued by, and proves to have the key
    /// of it (both PEM), to servers that ask for it.
    ///
    /// # Errors
    /// [`LinkConfigError::Certificates`] when they are not what they should be.
    pub fn with_client_certificate(
        mut self,
        chain: &[u8],
        key: &[u8],
    ) -> Result<Self, LinkConfigError> {
        self.certificates.come_as(chain, key)?;
        Ok(self)
    }

    /// Takes the jitter from `random`.
    pub fn with_random(mut self, random: Arc<dyn SecureRandom>) -> Self {
        self.random = random;
        self
    }

    /// Builds it. Nobody is asked before the first call.
    ///
    /// # Errors
    /// [`LinkConfigError`] when a limit is zero, when a client's certificate does not
    /// go with its key, or when the system cannot say which certificate authorities it
    /// trusts.
    pub fn build(self) -> Result<RedisLink, LinkConfigError> {
        let limits = &self.limits;
        for (name, is_zero) in [
            ("the deadline", limits.deadline.is_zero()),
            ("the deadline to connect", limits.connect_deadline.is_zero()),
            ("the number of time-outs", limits.timeouts == 0),
            ("the number of commands", limits.outstanding == 0),
            ("the size of an answer", limits.answer_bytes == 0),
        ] {
            if is_zero {
                return Err(LinkConfigError::Zero(name));
            }
        }
        let tls = if self.access.tls {
            Some(self.certificates.config()?)
        } else {
            None
        };
        let dialer = Arc::new(Dialer {
            login: self.access.login,
            tls,
            limits: self.limits,
        });
        let noise = Noise::new(self.random.as_ref());
        let one = |target, noise| Route::One(Node::new(target, dialer.clone(), noise));
        let route = match self.kind {
            Kind::Single(address) => one(Target::At(address), noise),
            Kind::Sentinel {
                addresses,
                name,
                login,
            } => {
                let to_sentinels = Dialer {
                    login,
                    ..Dialer::clone(&dialer)
                };
                let sentinels = Sentinels::new(addresses, name, to_sentinels);
                one(Target::Primary(sentinels), noise)
            }
            Kind::Cluster(seeds) => Route::Cluster(Cluster::new(seeds, dialer.clone(), noise)),
        };
        Ok(RedisLink::new(route, dialer))
    }
}
