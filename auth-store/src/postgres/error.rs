//! What PostgreSQL's and the driver's failures mean to a caller.

use sqlx::Error;

use crate::error::{StoreError, StoreErrorKind};
use crate::sql;

/// What a statement would have done: it decides what a lost answer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Intent {
    Read,
    Write,
}

/// What the server said, without its detail, hint and context: those quote
/// rows, and rows hold password hashes and e-mail addresses.
#[derive(Debug, thiserror::Error)]
#[error("{message} (SQLSTATE {code})")]
struct Refused {
    code: String,
    message: String,
}

/// The server took longer than a statement may, and did not say so itself: it
/// or the network has stopped.
#[derive(Debug, thiserror::Error)]
#[error("the server did not answer in time")]
pub(super) struct NoAnswer;

/// No connection was to be had, so nothing was asked.
pub(super) fn unreached(error: Error) -> StoreError {
    StoreError::new(StoreErrorKind::Unavailable, Source::of(error))
}

/// A statement failed.
pub(super) fn failed(error: Error, intent: Intent) -> StoreError {
    let kind = match &error {
        Error::Database(refusal) => of_code(&refusal.code().unwrap_or_default(), intent),
        // The link broke with the statement on its way, or garbage came back.
        Error::Io(_) | Error::Tls(_) | Error::Protocol(_) => lost(intent),
        other => sql::kind(other).unwrap_or(StoreErrorKind::Other),
    };
    StoreError::new(kind, Source::of(error))
}

/// The server was not heard of in time, nor will it be.
pub(super) fn silent(intent: Intent) -> StoreError {
    let kind = match intent {
        Intent::Read => StoreErrorKind::Timeout,
        Intent::Write => lost(intent),
    };
    StoreError::new(kind, NoAnswer)
}

/// What it means that an answer will never come.
const fn lost(intent: Intent) -> StoreErrorKind {
    match intent {
        Intent::Read => StoreErrorKind::Unavailable,
        Intent::Write => StoreErrorKind::OutcomeUnknown,
    }
}

/// What a primary says that has become a standby: a new connection may find the
/// server that took over.
const READ_ONLY: &str = "25006";

/// Whether the connection is of no more use.
pub(super) fn is_fatal(error: &Error) -> bool {
    match error {
        Error::Database(refusal) => {
            matches!(
                refusal.code().unwrap_or_default().get(..3),
                Some("57P" | "08P" | "080" | "25P")
            ) || refusal.code().as_deref() == Some(READ_ONLY)
        }
        Error::Io(_) | Error::Tls(_) | Error::Protocol(_) => true,
        _ => false,
    }
}

/// Whether the statement lost a race that it may win when it is run again.
pub(super) fn is_lost_race(error: &Error) -> bool {
    let code = error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code);
    matches!(code.as_deref(), Some("40001" | "40P01"))
}

/// Whether somebody else had a row first that must be the only one of its kind.
pub(super) fn is_taken(error: &Error) -> bool {
    error
        .as_database_error()
        .is_some_and(sqlx::error::DatabaseError::is_unique_violation)
}

/// By SQLSTATE (PostgreSQL manual, appendix A).
fn of_code(code: &str, intent: Intent) -> StoreErrorKind {
    use StoreErrorKind::{Corrupt, Other, Timeout, Unavailable};
    match (code.get(..2).unwrap_or_default(), code) {
        // statement_timeout and lock_timeout. Both end before the commit
        // begins: nothing was changed.
        (_, "57014" | "55P03") => Timeout,
        // The server ended the session. It may have done so after the commit.
        (_, "57P01" | "57P02" | "57P05") | ("08", _) => lost(intent),
        // Starting or stopping, out of something, read-only, no entry, or a
        // race lost again and again.
        (_, "57P03" | "57P04" | "25006" | "55000" | "58030" | "40001" | "40P01" | "3D000")
        | ("53" | "28", _) => Unavailable,
        // Damaged, or not our tables.
        (_, "XX001" | "XX002" | "42P01" | "42703" | "3F000") => Corrupt,
        _ => Other,
    }
}

/// A source that repeats nothing of what is stored.
struct Source;

impl Source {
    fn of(error: Error) -> Box<dyn std::error::Error + Send + Sync> {
        match error {
            Error::Database(refusal) => Box::new(Refused {
                code: refusal.code().unwrap_or_default().into_owned(),
                message: refusal.message().to_owned(),
            }),
            other => Box::new(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_answer_to_a_write_leaves_the_outcome_unknown() {
        for code in ["57P01", "57P02", "08006"] {
            assert_eq!(
                of_code(code, Intent::Write),
                StoreErrorKind::OutcomeUnknown,
                "{code}"
            );
            assert_eq!(
                of_code(code, Intent::Read),
                StoreErrorKind::Unavailable,
                "{code}"
            );
        }
    }

    #[test]
    fn codes_say_what_the_caller_may_do() {
        let kinds = [
            ("57014", StoreErrorKind::Timeout),
            ("55P03", StoreErrorKind::Timeout),
            ("57P03", StoreErrorKind::Unavailable),
            ("53300", StoreErrorKind::Unavailable),
            ("53100", StoreErrorKind::Unavailable),
            ("25006", StoreErrorKind::Unavailable),
            ("XX001", StoreErrorKind::Corrupt),
            ("42P01", StoreErrorKind::Corrupt),
            ("23514", StoreErrorKind::Other),
            ("22021", StoreErrorKind::Other),
            ("", StoreErrorKind::Other),
            ("é", StoreErrorKind::Other),
        ];
        for (code, kind) in kinds {
            assert_eq!(of_code(code, Intent::Write), kind, "{code}");
        }
    }
}
