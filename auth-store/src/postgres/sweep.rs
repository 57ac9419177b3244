//! Deleting what nobody will ask for any more.

use std::sync::atomic::Ordering;

use super::PgStore;
use super::lease::Lease;

/// After so many rows were added, up to four times as many are deleted: what
/// has expired goes faster than it comes.
const TURN: u32 = 64;

/// A day later than need be: a clock that was ahead for less than that has made
/// nothing forgotten. Several instances skip each other's rows. By `ctid`: a
/// join of unknown size would be planned as one over the whole table, and the
/// rows are locked.
const REVOCATIONS: &str = "\
    DELETE FROM auth.revocations WHERE ctid = ANY (ARRAY \
        (SELECT r.ctid FROM auth.revocations r \
         WHERE r.expires_at < statement_timestamp() - interval '1 day' \
         ORDER BY r.expires_at LIMIT 256 FOR UPDATE SKIP LOCKED))";

/// Not before its last access token is gone, which can be revoked by it.
const SESSIONS: &str = "\
    DELETE FROM auth.sessions WHERE ctid = ANY (ARRAY \
        (SELECT s.ctid FROM auth.sessions s \
         WHERE s.expires_at < statement_timestamp() - interval '1 day' \
             - (SELECT g.max_token_lifetime FROM auth.settings g WHERE g.singleton) * interval '1 microsecond' \
         ORDER BY s.expires_at LIMIT 256 FOR UPDATE SKIP LOCKED))";

const ATTEMPTS: &str = "\
    DELETE FROM auth.attempts WHERE ctid = ANY (ARRAY \
        (SELECT a.ctid FROM auth.attempts a \
         WHERE a.expires_at < statement_timestamp() \
         ORDER BY a.expires_at LIMIT 256 FOR UPDATE SKIP LOCKED))";

impl PgStore {
    /// Called when a row was added; nobody waits for what it does then, and
    /// what it leaves is the next turn's.
    pub(super) fn sweep_in_turn(&self, mut lease: Lease) {
        if !self
            .added
            .fetch_add(1, Ordering::Relaxed)
            .is_multiple_of(TURN)
        {
            return;
        }
        tokio::spawn(async move {
            for sweep in [REVOCATIONS, SESSIONS, ATTEMPTS] {
                if lease.write(sweep, |sql| sql).await.is_err() {
                    return;
                }
            }
        });
    }
}
