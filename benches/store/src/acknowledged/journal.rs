//! What was acknowledged, and what may have happened besides: written down before
//! each change, and again when it was acknowledged.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use uuid::Uuid;

/// The changes that count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Change {
    SignUp,
    Password,
    LogOut,
    Session,
    AllSessions,
    Disable,
}

impl Change {
    pub(crate) const ALL: [(Self, &str); 6] = [
        (Self::SignUp, "sign-ups"),
        (Self::Password, "password changes"),
        (Self::LogOut, "log-outs"),
        (Self::Session, "sessions revoked"),
        (Self::AllSessions, "users logged out everywhere"),
        (Self::Disable, "users disabled"),
    ];
}

#[derive(Debug, Default)]
pub(crate) struct Journal {
    /// By what they sign in with.
    pub(crate) accounts: HashMap<String, Account>,
    pub(crate) acknowledged: [u64; Change::ALL.len()],
    /// Changes whose outcome nobody knows.
    pub(crate) in_doubt: u64,
    pub(crate) logged_in: u64,
    /// Refusals that no outage explains.
    pub(crate) refused: Vec<String>,
}

/// A user, as the answers say.
#[derive(Clone, Debug, Default)]
pub(crate) struct Account {
    /// The newest password that was acknowledged; none before the sign-up is.
    pub(crate) password: Option<String>,
    /// Those that may have come after it.
    pub(crate) perhaps: Vec<String>,
    /// How often everything of the user was revoked: each raises the floors.
    pub(crate) raises: i64,
    /// Whether one more may have been.
    pub(crate) may_be_raised: bool,
    pub(crate) is_disabled: bool,
    pub(crate) sessions: HashMap<Uuid, Fate>,
}

/// What became of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Open,
    /// Ended by itself, acknowledged.
    Ended,
    /// Ended with all of the user's, acknowledged.
    Raised,
    Unknown,
}

impl Journal {
    pub(crate) fn total(&self) -> u64 {
        self.acknowledged.iter().sum()
    }

    fn account(&mut self, identifier: &str) -> &mut Account {
        self.accounts.entry(identifier.to_owned()).or_default()
    }

    /// Before a sign-up or a change of the password.
    pub(crate) fn will_have(&mut self, identifier: &str, password: &str) {
        self.account(identifier).perhaps.push(password.to_owned());
    }

    pub(crate) fn signed_up(&mut self, identifier: &str, password: &str) {
        self.count(Change::SignUp);
        let account = self.account(identifier);
        account.password = Some(password.to_owned());
        account.perhaps.clear();
    }

    pub(crate) fn logged_in(&mut self, identifier: &str, session: Uuid) {
        self.logged_in += 1;
        let sessions = &mut self.account(identifier).sessions;
        sessions.insert(session, Fate::Open);
    }

    /// Before a change that ends all of the user's sessions.
    pub(crate) fn may_raise(&mut self, identifier: &str) {
        self.account(identifier).may_be_raised = true;
    }

    pub(crate) fn changed(&mut self, identifier: &str, password: &str, session: Uuid) {
        self.raised(identifier, Change::Password);
        let account = self.account(identifier);
        account.password = Some(password.to_owned());
        account.perhaps.clear();
        account.sessions.insert(session, Fate::Open);
    }

    pub(crate) fn raised(&mut self, identifier: &str, by: Change) {
        self.count(by);
        let account = self.account(identifier);
        account.raises += 1;
        account.may_be_raised = false;
        account.is_disabled = by == Change::Disable;
        for fate in account.sessions.values_mut() {
            if *fate != Fate::Ended {
                *fate = Fate::Raised;
            }
        }
    }

    /// Before a session is ended.
    pub(crate) fn may_end(&mut self, identifier: &str, session: Uuid) {
        let sessions = &mut self.account(identifier).sessions;
        sessions.insert(session, Fate::Unknown);
    }

    pub(crate) fn ended(&mut self, identifier: &str, session: Uuid, by: Change) {
        self.count(by);
        match self.account(identifier).sessions.entry(session) {
            Entry::Occupied(mut fate) => *fate.get_mut() = Fate::Ended,
            Entry::Vacant(fate) => drop(fate.insert(Fate::Ended)),
        }
    }

    fn count(&mut self, change: Change) {
        for (count, (it, _)) in self.acknowledged.iter_mut().zip(Change::ALL) {
            *count += u64::from(it == change);
        }
    }
}
