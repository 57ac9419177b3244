//! Attempts at a password, counted before it is looked at.
//!
//! Every attempt is charged to a [`Budget`] before any hash is computed, and
//! what is not a failure is given back: a thousand guesses that arrive at once
//! count as a thousand. A budget counts failures in a row; after the fifth each
//! attempt waits twice as long as the one before, from 1 s to 1 h.
//!
//! | attempt from | charged to | at its end |
//! |---|---|---|
//! | a device that is known to the account | `device` | at 100 the device counts as unknown |
//! | a session that asks for the password again | `session` | at 100 its answer is always no |
//! | a network from which the account logged in within 30 days | the network | at 20 the network counts as unknown |
//! | any other network | the network, and `others` | at 100 in `others` the answer is always no |
//!
//! So whoever guesses from many networks stops the password for unknown
//! devices (NIST SP 800-63B-4 §3.2.2), and neither the owner's devices nor the
//! owner's network wait for it. A success clears what it was charged to and
//! nothing else. Unknown identifiers are counted like known ones.

use std::time::Duration;

use async_trait::async_trait;
use auth_core::{AccountKey, Network, TenantId, Timestamp};

use super::user::UserRecord;
use crate::error::StoreError;
use crate::identifier::Identifier;

/// An attempt at a password.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// The account's tenant.
    pub tenant: TenantId,
    /// Whose password is guessed at.
    pub identifier: Identifier,
    /// From where.
    pub from: AttemptFrom,
}

/// Where an attempt comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AttemptFrom {
    /// A device that has logged in to the account before.
    KnownDevice,
    /// A session of the account, whose user is asked for the password again.
    Session,
    /// Anything else, in this network.
    Network(Network),
}

impl Attempt {
    /// The name under which the attempt is counted.
    pub fn account(&self) -> AccountKey {
        AccountKey::of(self.tenant, self.identifier.normalized())
    }
}

impl AttemptFrom {
    /// The name of the budget that is always charged.
    pub fn budget(&self) -> String {
        match self {
            Self::KnownDevice => "device".to_owned(),
            Self::Session => "session".to_owned(),
            Self::Network(network) => network.to_string(),
        }
    }

    /// The name of the budget that is charged too where it comes from is
    /// unknown.
    pub const OTHERS: &'static str = "others";

    /// Whether a success makes where it comes from known.
    pub const fn is_network(&self) -> bool {
        matches!(self, Self::Network(_))
    }

    /// How long the budget that is always charged is remembered.
    pub const fn kept(&self, user_exists: bool) -> Duration {
        match self {
            Self::Network(_) => Budget::KEPT_BRIEFLY,
            _ => Self::others_kept(user_exists),
        }
    }

    /// How long [`OTHERS`](Self::OTHERS) is remembered.
    pub const fn others_kept(user_exists: bool) -> Duration {
        if user_exists {
            Budget::KEPT
        } else {
            Budget::KEPT_BRIEFLY
        }
    }
}

/// What a budget has been charged with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    /// Attempts in a row that were not a success.
    pub failures: u32,
    /// Nothing is charged to it before.
    pub wait_until: Timestamp,
    /// Until then its network is known to the account.
    pub known_until: Timestamp,
    /// When all this may be forgotten.
    pub expires_at: Timestamp,
}

impl Budget {
    /// Failures after which each further attempt waits.
    pub const FREE: u32 = 5;
    /// Failures at which a network is no longer known.
    pub const KNOWN_NETWORK: u32 = 20;
    /// Failures at which the answer is always no.
    pub const LIMIT: u32 = 100;
    /// The longest wait.
    pub const MAX_WAIT: Duration = Duration::from_secs(3600);
    /// How long a network is known after a success.
    pub const KNOWN_FOR: Duration = Duration::from_secs(30 * 24 * 3600);
    /// How long failures at an account are remembered.
    pub const KEPT: Duration = Duration::from_secs(365 * 24 * 3600);
    /// How long failures from one network are remembered, and all failures at
    /// an identifier that nobody has.
    pub const KEPT_BRIEFLY: Duration = Duration::from_secs(24 * 3600);

    /// How long an attempt waits after so many failures.
    pub fn wait_after(failures: u32) -> Duration {
        match failures.checked_sub(Self::FREE) {
            None => Duration::ZERO,
            Some(doublings) => Duration::from_secs(1 << doublings.min(12)).min(Self::MAX_WAIT),
        }
    }

    /// The budget, unless it is forgotten.
    pub fn at(self, now: Timestamp) -> Self {
        if now < self.expires_at {
            self
        } else {
            Self::default()
        }
    }

    /// With one more attempt.
    pub fn charged(self, now: Timestamp, kept: Duration) -> Self {
        let failures = self.failures.saturating_add(1);
        Self {
            failures,
            wait_until: now + Self::wait_after(failures),
            expires_at: self.known_until.max(now + kept),
            ..self
        }
    }

    /// With the last attempt settled.
    pub fn settled(self, how: Settlement, now: Timestamp, is_network: bool) -> Self {
        match how {
            Settlement::Success => self.cleared(now, is_network),
            Settlement::Unused => self.given_back(now),
        }
    }

    fn cleared(self, now: Timestamp, is_network: bool) -> Self {
        let known_until = if is_network {
            now + Self::KNOWN_FOR
        } else {
            Timestamp::default()
        };
        Self {
            failures: 0,
            wait_until: Timestamp::default(),
            known_until,
            expires_at: known_until.max(self.expires_at),
        }
    }

    fn given_back(self, now: Timestamp) -> Self {
        Self {
            failures: self.failures.saturating_sub(1),
            wait_until: self.wait_until.min(now),
            ..self
        }
    }
}

/// Whether an attempt may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reservation {
    /// It was charged and may be made.
    Reserved(Charge),
    /// It was not charged: too soon after the last one. Not before this time
    /// has passed.
    Wait(Duration),
}

/// What an attempt was charged to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charge {
    /// [`AttemptFrom::OTHERS`] was charged too.
    pub others: bool,
    /// The budget is used up: the answer is no, whatever the password. It
    /// takes as long as any other no.
    pub exhausted: bool,
}

impl Reservation {
    /// Decides, from the two budgets of an attempt that are not forgotten.
    /// The one rule for all stores.
    pub fn decide(from: &AttemptFrom, own: &Budget, others: &Budget, now: Timestamp) -> Self {
        let is_known = now < own.known_until && own.failures < Budget::KNOWN_NETWORK;
        let both = from.is_network() && !is_known;
        let mut wait_until = own.wait_until;
        if both {
            wait_until = wait_until.max(others.wait_until);
        }
        if now < wait_until {
            return Self::Wait(wait_until.since(now));
        }
        let exhausted = match from {
            AttemptFrom::Network(_) => both && others.failures >= Budget::LIMIT,
            _ => own.failures >= Budget::LIMIT,
        };
        Self::Reserved(Charge {
            others: both,
            exhausted,
        })
    }
}

/// What came of an attempt that was reserved and is no failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// The password was right.
    Success,
    /// Nobody looked at the password: the service was overloaded, or down.
    Unused,
}

/// Where attempts are counted.
///
/// # Contract
/// [`reserve_attempt`](Self::reserve_attempt) is one atomic step, durable
/// before it returns, and the same for all instances. If two attempts could
/// both be the fifth, a thousand could.
#[async_trait]
pub trait AttemptStore: Send + Sync {
    /// Charges an attempt as [`Reservation::decide`] says, and reads the user,
    /// disabled or not, by the normalised identifier. What is read is the same
    /// for an identifier that nobody has.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails; the attempt may have been charged
    /// then.
    async fn reserve_attempt(
        &self,
        attempt: &Attempt,
    ) -> Result<(Reservation, Option<UserRecord>), StoreError>;

    /// Settles a charge: nothing more is heard of failures.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails; the charge stays then, which makes
    /// the account's next failures wait earlier and nothing else.
    async fn settle_attempt(
        &self,
        attempt: &Attempt,
        charge: Charge,
        settlement: Settlement,
    ) -> Result<(), StoreError>;

    /// Forgets all attempts at an account: its password was reset, or somebody
    /// who may has said so.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    async fn forget_attempts(
        &self,
        tenant: TenantId,
        account: &AccountKey,
    ) -> Result<(), StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);
    const NETWORK: AttemptFrom = AttemptFrom::Network(Network::UNKNOWN);

    fn failed(times: u32) -> Budget {
        Budget {
            failures: times,
            ..Budget::default()
        }
    }

    fn reserved(others: bool, exhausted: bool) -> Reservation {
        Reservation::Reserved(Charge { others, exhausted })
    }

    #[test]
    fn waits_double_from_one_second_to_one_hour() {
        let seconds = |failures| Budget::wait_after(failures).as_secs();
        assert_eq!([0, 4, 5, 6, 7, 16].map(seconds), [0, 0, 1, 2, 4, 2048]);
        assert_eq!([17, 18, 100, u32::MAX].map(seconds), [3600; 4]);
    }

    #[test]
    fn a_wait_of_either_budget_counts_where_the_network_is_unknown() {
        let waiting = Budget::default().charged(NOW, Budget::KEPT);
        assert_eq!(waiting.wait_until, NOW);
        let mut waiting = failed(5).charged(NOW, Budget::KEPT);
        let wait = Reservation::Wait(Duration::from_secs(2));
        let fresh = Budget::default();
        assert_eq!(Reservation::decide(&NETWORK, &waiting, &fresh, NOW), wait);
        assert_eq!(Reservation::decide(&NETWORK, &fresh, &waiting, NOW), wait);
        assert_eq!(
            Reservation::decide(&AttemptFrom::KnownDevice, &fresh, &waiting, NOW),
            reserved(false, false)
        );
        let known = fresh.cleared(NOW, true);
        assert_eq!(
            Reservation::decide(&NETWORK, &known, &waiting, NOW),
            reserved(false, false)
        );
        waiting = waiting.given_back(NOW);
        assert_eq!(
            Reservation::decide(&NETWORK, &waiting, &fresh, NOW),
            reserved(true, false)
        );
    }

    #[test]
    fn c79_the_limit_ends_what_is_unknown_and_spares_what_is_known() {
        let fresh = Budget::default();
        let known = fresh.cleared(NOW, true);
        let end = failed(Budget::LIMIT);
        let decide = |from: &AttemptFrom, own: &Budget| Reservation::decide(from, own, &end, NOW);
        assert_eq!(decide(&NETWORK, &fresh), reserved(true, true));
        assert_eq!(decide(&NETWORK, &known), reserved(false, false));
        assert_eq!(
            decide(&AttemptFrom::KnownDevice, &fresh),
            reserved(false, false)
        );
        assert_eq!(
            decide(&AttemptFrom::KnownDevice, &end),
            reserved(false, true)
        );
        assert_eq!(decide(&AttemptFrom::Session, &end), reserved(false, true));
        let guessed_from = Budget {
            failures: Budget::KNOWN_NETWORK,
            ..known
        };
        assert_eq!(decide(&NETWORK, &guessed_from), reserved(true, true));
    }

    #[test]
    fn what_is_forgotten_counts_no_longer() {
        let used = failed(50).charged(NOW, Budget::KEPT_BRIEFLY);
        assert_eq!(used.at(NOW + Budget::KEPT_BRIEFLY), Budget::default());
        assert_eq!(used.at(NOW), used);
        // A network stays known for longer than its failures are remembered.
        let known = used.cleared(NOW, true).charged(NOW, Budget::KEPT_BRIEFLY);
        assert_eq!(known.expires_at, NOW + Budget::KNOWN_FOR);
    }
}
