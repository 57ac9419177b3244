//! How many resets of one password may be asked for: whoever knows an address
//! could fill its mailbox.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use auth_core::{Monotonic, TenantId, UserId};

/// Counts in this process alone, and only users that there are: whoever makes
/// up names fills nothing.
#[derive(Debug, Default)]
pub(crate) struct ResetLimit(Mutex<HashMap<(TenantId, UserId), Asked>>);

/// What was asked for within an hour.
#[derive(Debug)]
struct Asked {
    since: Monotonic,
    times: u32,
}

/// So many for one user.
const TIMES: u32 = 5;
const WITHIN: Duration = Duration::from_secs(3600);

/// More users than lose their passwords within an hour: about 4 MiB.
const MOST: usize = 65_536;

impl ResetLimit {
    /// Whether one more may be made, which counts then.
    pub(crate) fn allows(&self, tenant: TenantId, user: UserId, now: Monotonic) -> bool {
        let mut users = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(asked) = users.get_mut(&(tenant, user)) {
            if now.since(asked.since) >= WITHIN {
                *asked = Asked {
                    since: now,
                    times: 0,
                };
            }
            let allowed = asked.times < TIMES;
            asked.times += u32::from(allowed);
            return allowed;
        }
        if users.len() >= MOST {
            users.retain(|_, asked| now.since(asked.since) < WITHIN);
        }
        // A flood, and nobody's mailbox is to be filled by it.
        if users.len() >= MOST {
            return false;
        }
        users.insert(
            (tenant, user),
            Asked {
                since: now,
                times: 1,
            },
        );
        true
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn user(n: u128) -> UserId {
        UserId::from_uuid(Uuid::from_u128(n))
    }

    #[test]
    fn five_an_hour_for_each_user() {
        let limit = ResetLimit::default();
        let start = Monotonic::from_elapsed(Duration::from_secs(7));
        let allows = |n, now| limit.allows(TenantId::DEFAULT, user(n), now);
        assert_eq!(
            [start; 6].map(|now| allows(1, now)),
            [true, true, true, true, true, false]
        );
        assert!(allows(2, start));
        let elsewhere = TenantId::from_uuid(Uuid::from_u128(9));
        assert!(limit.allows(elsewhere, user(1), start));
        let almost = start + Duration::from_secs(3599);
        assert!(!allows(1, almost));
        assert_eq!(
            [start + WITHIN; 6].map(|now| allows(1, now)),
            [true, true, true, true, true, false]
        );
    }

    #[test]
    fn a_flood_over_all_users_takes_no_more_memory() {
        let limit = ResetLimit::default();
        let start = Monotonic::default();
        let allows = |n, now| limit.allows(TenantId::DEFAULT, user(n), now);
        let most = u128::try_from(MOST).unwrap();
        assert!((0..most).all(|n| allows(n, start)));
        assert!(!allows(most, start));
        assert!(allows(0, start));
        assert!(allows(most, start + WITHIN));
        assert_eq!(limit.0.lock().unwrap().len(), 1);
    }
}
