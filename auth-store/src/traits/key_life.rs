//! How signing keys live: next → active → retired → expired, or revoked.

use std::time::Duration;

use auth_core::Timestamp;

use super::settings::REVOCATION_MARGIN;
use super::signing_key::{SealedKey, SigningKeys};

/// What a signing key is for at some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyState {
    /// Published, so that everybody knows it before it signs.
    Next,
    /// Signs. At any time one key does, or none.
    Active,
    /// Signs no more, and verifies what it has signed.
    Retired,
    /// Nothing that it has signed is valid any more; it verifies nothing.
    Expired,
    /// Verifies nothing, for ever.
    Revoked,
}

impl KeyState {
    /// Whether tokens are verified by a key in this state.
    pub const fn verifies(self) -> bool {
        matches!(self, Self::Next | Self::Active | Self::Retired)
    }

    /// Its name: lower case, one word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Next => "next",
            Self::Active => "active",
            Self::Retired => "retired",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }
}

/// When a signing key changes its state, by the store's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyLife {
    /// When it was stored.
    pub created_at: Timestamp,
    /// When its turn to sign begins.
    pub active_at: Timestamp,
    /// When another key's turn begins; `None` while no such key is known.
    pub retires_at: Option<Timestamp>,
    /// When the last token it can have signed has expired, and a margin after.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

impl KeyLife {
    /// Its state at a time.
    pub fn state(&self, now: Timestamp) -> KeyState {
        let has_come = |time: Option<Timestamp>| time.is_some_and(|time| time <= now);
        if self.revoked_at.is_some() {
            KeyState::Revoked
        } else if now < self.active_at {
            KeyState::Next
        } else if has_come(self.expires_at) {
            KeyState::Expired
        } else if has_come(self.retires_at) {
            KeyState::Retired
        } else {
            KeyState::Active
        }
    }

    /// Since when it has been in the state it is in at a time.
    pub fn since(&self, now: Timestamp) -> Timestamp {
        let time = match self.state(now) {
            KeyState::Next => Some(self.created_at),
            KeyState::Active => Some(self.active_at),
            KeyState::Retired => self.retires_at,
            KeyState::Expired => self.expires_at,
            KeyState::Revoked => self.revoked_at,
        };
        time.unwrap_or(self.active_at)
    }

    /// When its state will be another one, if nothing else happens.
    pub fn changes_after(&self, now: Timestamp) -> Option<Timestamp> {
        if self.revoked_at.is_some() {
            return None;
        }
        [Some(self.active_at), self.retires_at, self.expires_at]
            .into_iter()
            .flatten()
            .filter(|time| now < *time)
            .min()
    }
}

impl SigningKeys {
    /// The life of each key, in the order of [`keys`](Self::keys).
    ///
    /// A key's turn ends when the next one's begins, whatever becomes of that
    /// one: after a revocation no older key signs again. Of two turns that
    /// begin at once the later stored key has it. A key that was revoked before
    /// its turn never has one.
    pub fn lives(&self) -> Vec<KeyLife> {
        let turn = |(place, key): (usize, &SealedKey)| (key.active_at, place);
        let turns: Vec<_> = self
            .keys
            .iter()
            .enumerate()
            .filter(|(_, key)| has_turn(key))
            .map(turn)
            .collect();
        let life = |(place, key): (usize, &SealedKey)| {
            let later = turns.iter().filter(|other| turn((place, key)) < **other);
            let retires_at = later.min().map(|(active_at, _)| *active_at);
            KeyLife {
                created_at: key.created_at,
                active_at: key.active_at,
                retires_at,
                expires_at: retires_at.map(|at| at + self.verifies_for()),
                revoked_at: key.revoked_at,
            }
        };
        self.keys.iter().enumerate().map(life).collect()
    }

    /// How long a key verifies after its turn: as long as the longest token
    /// lives, and a margin for clocks that disagree.
    pub fn verifies_for(&self) -> Duration {
        self.max_token_lifetime + REVOCATION_MARGIN
    }

    /// The id of the key whose turn it is at a time, revoked or not.
    pub(crate) fn turn_at(&self, now: Timestamp) -> Option<&str> {
        let turns = self.keys.iter().enumerate();
        let begun = turns.filter(|(_, key)| has_turn(key) && key.active_at <= now);
        let last = begun.max_by_key(|(place, key)| (key.active_at, *place));
        last.map(|(_, key)| key.kid.as_str())
    }

    /// The ids of the keys that a store may remove: those that expired more
    /// than a day ago, so that a clock that was ahead for less than that has
    /// made nothing forgotten.
    pub(crate) fn forgettable(&self) -> Vec<&str> {
        let long_ago = self.now - DAY;
        let is_over = |life: &KeyLife| life.state(long_ago) == KeyState::Expired;
        let lives = self.lives();
        let over = self.keys.iter().zip(&lives);
        over.filter(|(_, life)| is_over(life))
            .map(|(key, _)| key.kid.as_str())
            .collect()
    }
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A key that was revoked before its turn has none.
fn has_turn(key: &SealedKey) -> bool {
    key.revoked_at
        .is_none_or(|revoked_at| key.active_at <= revoked_at)
}

#[cfg(test)]
mod tests;
