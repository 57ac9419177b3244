//! Holds the rows to the journal, by plain SQL and another reading of the hashes.

use std::collections::{BTreeSet, HashMap};

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordVerifier};
use sqlx::{Connection, PgConnection, Row};
use uuid::Uuid;

use super::journal::{Account, Fate, Journal};
use crate::Failure;

const USERS: &str =
    "SELECT identifier, id, password_hash, status, ver, session_epoch FROM auth.users";

const SESSIONS: &str = "SELECT id, epoch, revoked_at IS NOT NULL AS revoked FROM auth.sessions";

const LOG: &str = "
    SELECT subject, coalesce(max(floor), 0) AS floor FROM auth.revocations
    WHERE kind IN ('user', 'session') AND expires_at > now() GROUP BY subject";

/// Remembers which hashes it has seen right, and what it found missing.
#[derive(Debug, Default)]
pub(crate) struct Auditor {
    verified: HashMap<String, (String, String)>,
    /// Each once, though it is missing ever after.
    pub(crate) lost: BTreeSet<String>,
    pub(crate) audits: u64,
}

struct User {
    id: Uuid,
    hash: String,
    status: String,
    ver: i64,
    epoch: i64,
}

struct Rows {
    users: HashMap<String, User>,
    sessions: HashMap<Uuid, (i64, bool)>,
    log: HashMap<Uuid, i64>,
}

impl Auditor {
    /// While nothing changes.
    pub(crate) async fn audit(&mut self, url: &str, journal: &Journal) -> Result<(), Failure> {
        let rows = Rows::read(url).await?;
        for (identifier, account) in &journal.accounts {
            self.account(identifier, account, &rows);
        }
        self.audits += 1;
        Ok(())
    }

    fn account(&mut self, identifier: &str, account: &Account, rows: &Rows) {
        let Some(password) = &account.password else {
            return;
        };
        let Some(user) = rows.users.get(identifier) else {
            return self.lose(identifier, "the user");
        };
        let candidates = [password].into_iter().chain(&account.perhaps);
        if !self.has_one_of(identifier, &user.hash, candidates) {
            self.lose(identifier, "the newest password");
        }
        let floor = 1 + account.raises;
        if user.ver < floor || user.epoch < floor {
            self.lose(identifier, "the user's versions");
        }
        if account.raises > 0 && rows.log.get(&user.id).is_none_or(|it| *it < floor) {
            self.lose(identifier, "the user's row of the log");
        }
        if account.is_disabled && user.status != "disabled" {
            self.lose(identifier, "that the user is disabled");
        }
        for (session, fate) in &account.sessions {
            let row = rows.sessions.get(session);
            let lives = row.is_some_and(|(epoch, revoked)| !revoked && *epoch >= user.epoch);
            let missing = match fate {
                Fate::Unknown => continue,
                Fate::Open if account.may_be_raised => row.is_none().then_some("the row"),
                Fate::Open => (!lives).then_some("the life"),
                Fate::Raised => lives.then_some("the end with all others"),
                Fate::Ended if row.is_none_or(|(_, revoked)| !revoked) => Some("the end"),
                Fate::Ended => (!rows.log.contains_key(session)).then_some("the row of the log"),
            };
            if let Some(missing) = missing {
                self.lose(identifier, &format!("{missing} of session {session}"));
            }
        }
    }

    fn lose(&mut self, identifier: &str, what: &str) {
        self.lost.insert(format!("{identifier}: {what}"));
    }

    /// Whether the hash is of one of them. Each hash is computed once for each
    /// password.
    fn has_one_of<'a>(
        &mut self,
        identifier: &str,
        hash: &str,
        mut passwords: impl Iterator<Item = &'a String>,
    ) -> bool {
        let known = self.verified.get(identifier);
        let known = known.filter(|(of, _)| of == hash).map(|(_, it)| it.clone());
        if let Some(known) = known {
            return passwords.any(|it| *it == known);
        }
        let Ok(parsed) = PasswordHash::new(hash) else {
            return false;
        };
        let is_of = |password: &&String| {
            let verified = Argon2::default().verify_password(password.as_bytes(), &parsed);
            verified.is_ok()
        };
        let Some(password) = passwords.find(is_of) else {
            return false;
        };
        let verified = (hash.to_owned(), password.clone());
        self.verified.insert(identifier.to_owned(), verified);
        true
    }
}

impl Rows {
    async fn read(url: &str) -> Result<Self, Failure> {
        let mut connection = PgConnection::connect(url).await?;
        let mut users = HashMap::new();
        for row in sqlx::query(USERS).fetch_all(&mut connection).await? {
            let user = User {
                id: row.try_get("id")?,
                hash: row.try_get("password_hash")?,
                status: row.try_get("status")?,
                ver: row.try_get("ver")?,
                epoch: row.try_get("session_epoch")?,
            };
            users.insert(row.try_get("identifier")?, user);
        }
        let mut sessions = HashMap::new();
        for row in sqlx::query(SESSIONS).fetch_all(&mut connection).await? {
            let found = (row.try_get("epoch")?, row.try_get("revoked")?);
            sessions.insert(row.try_get("id")?, found);
        }
        let mut log = HashMap::new();
        for row in sqlx::query(LOG).fetch_all(&mut connection).await? {
            log.insert(row.try_get("subject")?, row.try_get("floor")?);
        }
        Ok(Self {
            users,
            sessions,
            log,
        })
    }
}

#[cfg(test)]
mod tests {
    use argon2::{Algorithm, Params, PasswordHasher, Version};

    use super::super::journal::Change;
    use super::*;

    const ADA: &str = "ada@example.org";

    /// Ada has signed up, changed the password, and ended one session of two.
    fn journal() -> (Journal, Uuid, Uuid) {
        let (first, second) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let mut journal = Journal::default();
        journal.will_have(ADA, "one");
        journal.signed_up(ADA, "one");
        journal.logged_in(ADA, first);
        journal.will_have(ADA, "two");
        journal.changed(ADA, "two", second);
        assert_eq!(journal.total(), 2);
        (journal, first, second)
    }

    fn rows() -> Rows {
        let user = User {
            id: Uuid::from_u128(9),
            hash: hash("two"),
            status: "active".to_owned(),
            ver: 2,
            epoch: 2,
        };
        Rows {
            users: HashMap::from([(ADA.to_owned(), user)]),
            sessions: HashMap::from([
                (Uuid::from_u128(1), (1, false)),
                (Uuid::from_u128(2), (2, false)),
            ]),
            log: HashMap::from([(Uuid::from_u128(9), 2)]),
        }
    }

    fn hash(password: &str) -> String {
        let params = Params::new(8, 1, 1, None).unwrap();
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let hash = argon2.hash_password_with_salt(password.as_bytes(), b"saltsaltsaltsalt");
        hash.unwrap().to_string()
    }

    fn lost(journal: &Journal, rows: &Rows) -> Vec<String> {
        let mut auditor = Auditor::default();
        for (identifier, account) in &journal.accounts {
            auditor.account(identifier, account, rows);
        }
        let lost = auditor.lost.into_iter();
        lost.map(|it| it.replace("ada@example.org: ", "")).collect()
    }

    #[test]
    fn nothing_is_lost_where_all_rows_are_there() {
        assert!(lost(&journal().0, &rows()).is_empty());
    }

    #[test]
    fn each_row_that_is_missing_is_found() {
        type Loss = (fn(&mut Rows), &'static str);
        let losses: [Loss; 6] = [
            (|it| it.users.clear(), "the user"),
            (
                |it| it.users.get_mut(ADA).unwrap().hash = hash("one"),
                "the newest password",
            ),
            (
                |it| it.users.get_mut(ADA).unwrap().ver = 1,
                "the user's versions",
            ),
            (|it| it.log.clear(), "the user's row of the log"),
            (
                |it| it.sessions.get_mut(&Uuid::from_u128(1)).unwrap().0 = 2,
                "the end with all others of session 00000000-0000-0000-0000-000000000001",
            ),
            (
                |it| it.sessions.retain(|id, _| *id != Uuid::from_u128(2)),
                "the life of session 00000000-0000-0000-0000-000000000002",
            ),
        ];
        for (lose, what) in losses {
            let mut rows = rows();
            lose(&mut rows);
            assert_eq!(lost(&journal().0, &rows), [what]);
        }
    }

    #[test]
    fn an_end_wants_its_row_of_the_log() {
        let (mut journal, _, second) = journal();
        journal.may_end(ADA, second);
        assert!(
            lost(&journal, &rows()).is_empty(),
            "in doubt it may be either"
        );
        journal.ended(ADA, second, Change::LogOut);
        assert_eq!(
            lost(&journal, &rows()),
            [format!("the end of session {second}")]
        );
        let mut rows = rows();
        rows.sessions.insert(second, (2, true));
        assert_eq!(
            lost(&journal, &rows),
            [format!("the row of the log of session {second}")]
        );
        rows.log.insert(second, 0);
        assert!(lost(&journal, &rows).is_empty());
    }

    #[test]
    fn a_change_in_doubt_may_be_there_or_not() {
        let (mut journal, _, _) = journal();
        journal.will_have(ADA, "three");
        journal.may_raise(ADA);
        assert!(lost(&journal, &rows()).is_empty());
        let mut rows = rows();
        let user = rows.users.get_mut(ADA).unwrap();
        (user.hash, user.ver, user.epoch) = (hash("three"), 3, 3);
        assert!(lost(&journal, &rows).is_empty());
    }

    #[test]
    fn a_user_who_was_disabled_stays_so() {
        let (mut journal, _, _) = journal();
        journal.may_raise(ADA);
        journal.raised(ADA, Change::Disable);
        let mut rows = rows();
        let user = rows.users.get_mut(ADA).unwrap();
        (user.ver, user.epoch) = (3, 3);
        rows.log.insert(Uuid::from_u128(9), 3);
        assert_eq!(lost(&journal, &rows), ["that the user is disabled"]);
    }
}
