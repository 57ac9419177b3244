//! Sealed signing keys.

use std::time::Duration;

use async_trait::async_trait;
use auth_core::Sealed;
use auth_core::key::Thumbprint;
use auth_core::revocation::Revocation;
use sqlx::postgres::PgRow;

use super::lease::Statement;
use super::row::{get, optional_time, time};
use super::{PgStore, micros, settings};
use crate::error::StoreError;
use crate::sql::corrupt;
use crate::traits::{
    AddKeyOutcome, Committed, NewSigningKey, RevokeKeyOutcome, SealedKey, SigningKeyStore,
    SigningKeys,
};

/// One row at least, for the settings. The time is that of the snapshot, or
/// before it: every key that was stored by then is among the rows.
const ALL: &str = "\
    SELECT g.max_token_lifetime, statement_timestamp() AS now, \
           k.kid, k.algorithm, k.private, k.created_at, k.active_at, k.revoked_at \
    FROM auth.settings g LEFT JOIN auth.signing_keys k ON true WHERE g.singleton ORDER BY k.turn";

/// Who sees the same last key takes the same turn, and the index on it lets one
/// of them insert; the others wait for it, and then do nothing. So does who is
/// late: a key that is not the last any more has a turn after it that is taken.
const ADD: &str = "\
    INSERT INTO auth.signing_keys (turn, kid, algorithm, private, created_at, active_at) \
    SELECT coalesce(l.turn, 0) + 1, $1, $2, $3, n.now, n.now + $5 * interval '1 microsecond' \
    FROM (SELECT clock_timestamp() AS now) n \
    LEFT JOIN (SELECT k.turn, k.kid FROM auth.signing_keys k ORDER BY k.turn DESC LIMIT 1) l ON true \
    WHERE l.kid IS NOT DISTINCT FROM $4 \
    ON CONFLICT DO NOTHING RETURNING turn";

const RESEAL: &str = "\
    UPDATE auth.signing_keys k SET private = $3 WHERE k.kid = $1 AND k.private = $2 RETURNING k.turn";

/// Marks the key, replaces it if it was its turn, and writes the log row.
///
/// What the other parts see is as it was when the statement began. A key that
/// was added meanwhile has the turn that the replacement would take, which
/// fails the whole statement; it is then run again and sees that key.
const REVOKE: &str = "\
    WITH r AS (UPDATE auth.signing_keys k SET revoked_at = clock_timestamp() \
               WHERE k.kid = $1 AND k.revoked_at IS NULL RETURNING k.kid, k.revoked_at), \
    signs AS (SELECT k.kid FROM auth.signing_keys k CROSS JOIN r \
              WHERE k.active_at <= r.revoked_at AND (k.revoked_at IS NULL OR k.active_at <= k.revoked_at) \
              ORDER BY k.active_at DESC, k.turn DESC LIMIT 1), \
    replaced AS (INSERT INTO auth.signing_keys (turn, kid, algorithm, private, created_at, active_at) \
                 SELECT (SELECT max(k.turn) FROM auth.signing_keys k) + 1, $3, $4, $5, r.revoked_at, r.revoked_at \
                 FROM r JOIN signs USING (kid) WHERE $3 IS NOT NULL), \
    l AS (INSERT INTO auth.revocations (tenant, kind, thumbprint, expires_at) \
          SELECT '00000000-0000-0000-0000-000000000000', 'signing_key', $2, 'infinity' FROM r) \
    SELECT EXISTS (SELECT FROM r) AS revoked, \
           EXISTS (SELECT FROM auth.signing_keys k WHERE k.kid = $1) AS known";

/// [`SigningKeys::forgettable`], in one statement. Another one that revokes
/// such a key meanwhile has it locked; it is looked at again then, and stays.
const FORGET: &str = "\
    WITH f AS (DELETE FROM auth.signing_keys k WHERE k.revoked_at IS NULL AND EXISTS \
        (SELECT FROM auth.signing_keys s CROSS JOIN auth.settings g \
         WHERE g.singleton AND (s.active_at, s.turn) > (k.active_at, k.turn) \
           AND (s.revoked_at IS NULL OR s.active_at <= s.revoked_at) \
           AND s.active_at <= statement_timestamp() - interval '1 day' - interval '120 seconds' \
               - g.max_token_lifetime * interval '1 microsecond') RETURNING k.turn) \
    SELECT count(*) AS forgotten FROM f";

const _: () = assert!(crate::traits::REVOCATION_MARGIN.as_secs() == 120);

#[async_trait]
impl SigningKeyStore for PgStore {
    async fn signing_keys(&self) -> Result<SigningKeys, StoreError> {
        let rows = self.lease().await?.read_all(ALL, |sql| sql).await?;
        let head = rows.first().ok_or_else(|| corrupt("store"))?;
        let keys = rows.iter().filter_map(|row| sealed_key(row).transpose());
        Ok(SigningKeys {
            keys: keys.collect::<Result<_, _>>()?,
            max_token_lifetime: settings::lifetime(head)?,
            now: time(head, "now")?,
        })
    }

    async fn add_signing_key(
        &self,
        key: &NewSigningKey,
        after: Option<&str>,
        signs_in: Duration,
    ) -> Result<AddKeyOutcome, StoreError> {
        let bind = |sql: Statement| {
            sql.bind(&key.kid)
                .bind(&key.algorithm)
                .bind(key.private.as_bytes())
                .bind(after)
                .bind(micros(signs_in))
        };
        let row = self.lease().await?.write(ADD, bind).await?;
        Ok(match row {
            Some(_) => AddKeyOutcome::Stored,
            None => AddKeyOutcome::Lost,
        })
    }

    async fn reseal_signing_key(
        &self,
        kid: &str,
        from: &Sealed,
        to: &Sealed,
    ) -> Result<bool, StoreError> {
        let bind = |sql: Statement| sql.bind(kid).bind(from.as_bytes()).bind(to.as_bytes());
        let row = self.lease().await?.write(RESEAL, bind).await?;
        Ok(row.is_some())
    }

    async fn revoke_signing_key(
        &self,
        kid: &str,
        replacement: Option<&NewSigningKey>,
    ) -> Result<Committed<RevokeKeyOutcome>, StoreError> {
        let Ok(thumbprint) = kid.parse::<Thumbprint>() else {
            return Ok(Committed::quiet(RevokeKeyOutcome::Unknown));
        };
        let bind = |sql: Statement| {
            sql.bind(kid)
                .bind(&thumbprint.as_bytes()[..])
                .bind(replacement.map(|key| &key.kid))
                .bind(replacement.map(|key| &key.algorithm))
                .bind(replacement.map(|key| key.private.as_bytes()))
        };
        let row = self.lease().await?.write_unique(REVOKE, bind).await?;
        let row = row.ok_or_else(|| corrupt("kid"))?;
        let outcome = match (get(&row, "revoked")?, get(&row, "known")?) {
            (true, _) => RevokeKeyOutcome::Revoked,
            (false, true) => RevokeKeyOutcome::Already,
            (false, false) => return Ok(Committed::quiet(RevokeKeyOutcome::Unknown)),
        };
        Ok(Committed {
            value: outcome,
            revoked: vec![Revocation::of_key(thumbprint)],
        })
    }

    async fn forget_signing_keys(&self) -> Result<u64, StoreError> {
        let row = self.lease().await?.write(FORGET, |sql| sql).await?;
        let forgotten: i64 = row.map_or(Ok(0), |row| get(&row, "forgotten"))?;
        Ok(forgotten.try_into().unwrap_or(0))
    }
}

/// Nothing for the row that only has the settings.
fn sealed_key(row: &PgRow) -> Result<Option<SealedKey>, StoreError> {
    let Some(kid) = get(row, "kid")? else {
        return Ok(None);
    };
    Ok(Some(SealedKey {
        kid,
        algorithm: get(row, "algorithm")?,
        private: Sealed::from_bytes(get(row, "private")?),
        created_at: time(row, "created_at")?,
        active_at: time(row, "active_at")?,
        revoked_at: optional_time(row, "revoked_at")?,
    }))
}
