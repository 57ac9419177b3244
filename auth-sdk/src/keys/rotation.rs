//! How often signing keys are changed.

use std::time::Duration;

use auth_core::Timestamp;
use auth_store::{KeyLife, KeyState};

/// How often signing keys are changed, and how early a new one is shown. All
/// instances of one store should agree on it.
///
/// A new key is published for `lead` before it signs, so that every instance
/// and every remote verifier knows it by then: give it longer than anybody
/// keeps a JWK set without looking again. The key before it verifies until the
/// longest token has expired.
///
/// # Defaults
/// - a key signs for 30 days
/// - lead: 1 h
/// - every instance reads the keys again every 30 s
///
/// ```
/// use std::time::Duration;
/// use auth_sdk::KeyRotation;
///
/// const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// let weekly = KeyRotation::every(7 * DAY).with_lead(DAY);
/// # let _ = weekly;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyRotation {
    every: Option<Duration>,
    pub(super) lead: Duration,
    pub(super) reload: Duration,
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The longest that a key takes from its date to being there for all: what a
/// statement of a store may take.
const COMMIT: Duration = Duration::from_secs(2);

const SHORTEST_RELOAD: Duration = Duration::from_millis(50);

impl KeyRotation {
    /// A key signs for `every`.
    pub const fn every(every: Duration) -> Self {
        Self {
            every: Some(every),
            lead: Duration::from_secs(60 * 60),
            reload: Duration::from_secs(30),
        }
    }

    /// Keys are changed by
    /// [`Auth::rotate_signing_key`](crate::Auth::rotate_signing_key) alone.
    pub const fn never() -> Self {
        Self {
            every: None,
            ..Self::every(DAY)
        }
    }

    /// A new key is published for `lead` before it signs. An instance that has
    /// not been able to read the keys for as long issues no more tokens: they
    /// might be of a key that others hold for retired.
    pub const fn with_lead(mut self, lead: Duration) -> Self {
        self.lead = lead;
        self
    }

    /// Every instance reads the keys again every `reload`, less up to 10 %.
    pub const fn with_reload(mut self, reload: Duration) -> Self {
        self.reload = reload;
        self
    }

    /// What is wrong with it.
    pub(crate) fn check(&self) -> Result<(), &'static str> {
        if self.reload < SHORTEST_RELOAD {
            Err("signing keys must not be read more often than every 50 ms")
        } else if self.lead < self.reload.saturating_mul(3).saturating_add(COMMIT) {
            Err("a signing key's lead must be at least three reloads and 2 s")
        } else if self
            .every
            .is_some_and(|every| every < self.lead.saturating_mul(2))
        {
            Err("a signing key must sign for at least twice its lead")
        } else {
            Ok(())
        }
    }

    /// In how much time a key that is stored now should sign; `None` when none
    /// is wanted.
    pub(super) fn wants(&self, lives: &[KeyLife], now: Timestamp) -> Option<Duration> {
        let find = |state| lives.iter().find(|life| life.state(now) == state);
        let Some(active) = find(KeyState::Active) else {
            // Nobody signs: there is nothing to wait for.
            return Some(Duration::ZERO);
        };
        let since = now.since(active.active_at);
        let is_due = self.every.is_some_and(|every| since + self.lead >= every);
        (is_due && find(KeyState::Next).is_none()).then_some(self.lead)
    }
}

impl Default for KeyRotation {
    fn default() -> Self {
        Self::every(30 * DAY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn at(hours: u32) -> Timestamp {
        Timestamp::from_unix_seconds(1_800_000_000) + HOUR * hours
    }

    fn life(active_at: u32, retires_at: Option<u32>, revoked_at: Option<u32>) -> KeyLife {
        KeyLife {
            created_at: at(0),
            active_at: at(active_at),
            retires_at: retires_at.map(at),
            expires_at: retires_at.map(|hours| at(hours + 1)),
            revoked_at: revoked_at.map(at),
        }
    }

    #[test]
    fn a_key_is_wanted_when_nobody_signs_or_the_lead_begins() {
        let daily = KeyRotation::every(DAY);
        let table: [(KeyRotation, &[KeyLife], u32, Option<Duration>); 8] = [
            (daily, &[], 1, Some(Duration::ZERO)),
            (KeyRotation::never(), &[], 1, Some(Duration::ZERO)),
            (daily, &[life(1, None, None)], 23, None),
            (daily, &[life(1, None, None)], 24, Some(HOUR)),
            (KeyRotation::never(), &[life(1, None, None)], 9999, None),
            (
                daily,
                &[life(1, Some(25), None), life(25, None, None)],
                24,
                None,
            ),
            (
                daily,
                &[life(1, Some(5), None), life(5, None, Some(6))],
                7,
                Some(Duration::ZERO),
            ),
            (
                daily,
                &[life(1, None, None), life(9, None, Some(6))],
                24,
                Some(HOUR),
            ),
        ];
        for (rotation, lives, now, expected) in table {
            assert_eq!(
                rotation.wants(lives, at(now)),
                expected,
                "{lives:?} at {now}"
            );
        }
    }

    #[test]
    fn what_could_not_be_known_in_time_is_refused() {
        let good = KeyRotation::default();
        assert!(good.check().is_ok() && KeyRotation::never().check().is_ok());
        for bad in [
            good.with_reload(Duration::from_millis(49)),
            good.with_lead(Duration::from_secs(91)),
            good.with_reload(HOUR),
            good.with_lead(16 * DAY),
            KeyRotation::never().with_lead(Duration::ZERO),
        ] {
            assert!(bad.check().is_err(), "{bad:?}");
        }
        assert!(good.with_lead(Duration::from_secs(92)).check().is_ok());
    }
}
