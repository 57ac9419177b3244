//! Leases that this process was granted, and what they were granted with.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use auth_core::Monotonic;

use super::entry::TagVersion;
use crate::redis::RunId;
use crate::tier::Nonce;

/// Fewer are not worth looking through.
const FEW: usize = 1024;

/// What a fill has to say besides what is in [`Fill`](crate::tier::Fill).
#[derive(Clone, Debug)]
pub(super) struct Grant {
    /// Who granted it. What is filled is of this server's time: should another one be
    /// the primary by then, it is a miss.
    pub(super) server: RunId,
    /// The version of everything, as the lease has it.
    pub(super) all: u64,
    pub(super) tags: Vec<TagVersion>,
    /// No fill comes later than that.
    pub(super) until: Monotonic,
}

/// Those that have not been filled.
pub(super) struct Grants(Mutex<Open>);

struct Open {
    grants: HashMap<Nonce, Grant>,
    /// How many there may be before those that nobody fills any more are dropped.
    room: usize,
}

impl Grants {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Open {
            grants: HashMap::new(),
            room: FEW,
        }))
    }

    pub(super) fn insert(&self, nonce: Nonce, grant: Grant, now: Monotonic) {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if open.grants.len() >= open.room {
            open.grants.retain(|_, grant| now < grant.until);
            open.room = FEW.max(open.grants.len() * 2);
        }
        open.grants.insert(nonce, grant);
    }

    pub(super) fn take(&self, nonce: Nonce) -> Option<Grant> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.grants.remove(&nonce)
    }
}

impl fmt::Debug for Grants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        f.debug_struct("Grants")
            .field("open", &open.grants.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn server(id: &str) -> RunId {
        RunId::of_info(&format!("run_id:{id}")).unwrap()
    }

    #[test]
    fn what_nobody_fills_is_forgotten_and_what_is_open_is_not() {
        let grants = Grants::new();
        let at = |seconds| Monotonic::from_elapsed(Duration::from_secs(seconds));
        for number in 0..100_000_u64 {
            let mut nonce = Nonce([0; 16]);
            nonce.0[..8].copy_from_slice(&number.to_be_bytes());
            let grant = Grant {
                server: server("a"),
                all: number,
                tags: Vec::new(),
                until: at(number + 10),
            };
            grants.insert(nonce, grant, at(number));
            let mut before = Nonce([0; 16]);
            before.0[..8].copy_from_slice(&number.saturating_sub(9).to_be_bytes());
            assert!(grants.0.lock().unwrap().grants.contains_key(&before));
        }
        assert!(grants.0.lock().unwrap().grants.len() <= FEW);
    }
}
