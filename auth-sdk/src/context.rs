//! What every use-case is told about its request.

use std::net::IpAddr;
use std::time::Duration;

use auth_core::{Deadline, Network, TenantId};
use auth_store::Consistency;

/// The circumstances of a request: the tenant it is for, how long its caller
/// waits, what it comes from.
///
/// # Defaults
/// - tenant: [`TenantId::DEFAULT`]
/// - deadline: 2 s from the call
/// - device: unknown
/// - client address: unknown
/// - consistency: [`Consistency::Strong`]
#[derive(Clone, Debug, Default)]
pub struct Context {
    pub(crate) tenant: TenantId,
    pub(crate) deadline: Option<Deadline>,
    pub(crate) patience: Option<Duration>,
    pub(crate) device: Option<String>,
    pub(crate) network: Network,
    pub(crate) consistency: Consistency,
}

impl Context {
    /// The longest description of a device that is kept, in bytes.
    pub const MAX_DEVICE: usize = 256;

    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// For this tenant.
    pub const fn with_tenant(mut self, tenant: TenantId) -> Self {
        self.tenant = tenant;
        self
    }

    /// The caller waits so long from the call, unless a
    /// [deadline](Self::with_deadline) says otherwise.
    pub const fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = Some(patience);
        self
    }

    /// The caller waits until then and no longer.
    pub const fn with_deadline(mut self, deadline: Deadline) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// From this device, as its `User-Agent` says: for the user's own list of
    /// sessions. Control characters are dropped, and what is longer than
    /// [`MAX_DEVICE`](Self::MAX_DEVICE).
    pub fn with_device(mut self, device: &str) -> Self {
        let mut kept = String::new();
        for c in device.chars().filter(|c| !c.is_control()) {
            if kept.len() + c.len_utf8() > Self::MAX_DEVICE {
                break;
            }
            kept.push(c);
        }
        self.device = Some(kept).filter(|device| !device.is_empty());
        self
    }

    /// From this address: the client's own, not that of a proxy in between
    /// ([`TrustedProxies`](auth_core::TrustedProxies) finds it). When there are more
    /// passwords to hash than time, networks (IPv4 /24, IPv6 /48) share it equally,
    /// and attempts at a password are counted by network; requests without an
    /// address count as one.
    pub const fn with_client_address(mut self, address: IpAddr) -> Self {
        self.network = Network::of(address);
        self
    }

    /// Lets [`Auth::user`](crate::Auth::user) and
    /// [`Auth::sessions`](crate::Auth::sessions) answer from a copy that may be a
    /// little behind, if the store has one: for lists and pages of administrators.
    /// Nothing is ever decided by a copy; all other use-cases pay no heed to this.
    pub const fn with_consistency(mut self, consistency: Consistency) -> Self {
        self.consistency = consistency;
        self
    }

    /// The tenant.
    pub const fn tenant(&self) -> TenantId {
        self.tenant
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_device_is_cut_to_size_at_a_character() {
        let device = |text: &str| Context::new().with_device(text).device;
        assert_eq!(device("curl/8\0\n"), Some("curl/8".to_owned()));
        assert_eq!(device("\0"), None);
        assert_eq!(device(&"é".repeat(1000)), Some("é".repeat(128)));
    }
}
