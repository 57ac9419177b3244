//! Sealed signing keys.

use std::time::Duration;

use async_trait::async_trait;
use auth_core::revocation::{Revocation, Target};
use auth_core::{Sealed, Timestamp};
use sqlx::sqlite::{SqliteExecutor, SqliteRow};

use super::error::failed;
use super::row::{get, time};
use super::writer::Tx;
use super::{SqliteStore, log, settings};
use crate::error::StoreError;
use crate::sql::corrupt;
use crate::traits::{
    AddKeyOutcome, Committed, NewSigningKey, RevokeKeyOutcome, SealedKey, SigningKeyStore,
    SigningKeys,
};

/// One row at least, for the settings.
const ALL: &str = "\
    SELECT g.max_token_lifetime, k.kid, k.algorithm, k.private, k.created_at, k.active_at, k.revoked_at \
    FROM auth_settings AS g LEFT JOIN auth_signing_keys AS k WHERE g.id = 1 ORDER BY k.turn";

#[async_trait]
impl SigningKeyStore for SqliteStore {
    async fn signing_keys(&self) -> Result<SigningKeys, StoreError> {
        // Before the rows: every key that was stored by then is among them.
        let now = self.writer.now();
        read(&self.readers, now).await
    }

    async fn add_signing_key(
        &self,
        key: &NewSigningKey,
        after: Option<&str>,
        signs_in: Duration,
    ) -> Result<AddKeyOutcome, StoreError> {
        let (key, after) = (key.clone(), after.map(str::to_owned));
        self.write(move |tx| {
            Box::pin(async move {
                let known = read(&mut tx.connection, tx.now).await?.keys;
                let last = known.last().map(|last| &last.kid);
                if last != after.as_ref() || known.iter().any(|known| known.kid == key.kid) {
                    return Ok(AddKeyOutcome::Lost);
                }
                insert(tx, &key, tx.now + signs_in).await?;
                Ok(AddKeyOutcome::Stored)
            })
        })
        .await
    }

    async fn reseal_signing_key(
        &self,
        kid: &str,
        from: &Sealed,
        to: &Sealed,
    ) -> Result<bool, StoreError> {
        let kid = kid.to_owned();
        let [from, to] = [from, to].map(|sealed| sealed.as_bytes().to_vec());
        self.write(move |tx| {
            Box::pin(async move {
                let resealed = sqlx::query(
                    "UPDATE auth_signing_keys SET private = ? WHERE kid = ? AND private = ?",
                )
                .bind(to)
                .bind(kid)
                .bind(from)
                .execute(&mut tx.connection)
                .await
                .map_err(failed)?;
                Ok(resealed.rows_affected() == 1)
            })
        })
        .await
    }

    async fn revoke_signing_key(
        &self,
        kid: &str,
        replacement: Option<&NewSigningKey>,
    ) -> Result<Committed<RevokeKeyOutcome>, StoreError> {
        let (kid, replacement) = (kid.to_owned(), replacement.cloned());
        self.write(move |tx| Box::pin(revoke(tx, kid, replacement)))
            .await
    }

    async fn forget_signing_keys(&self) -> Result<u64, StoreError> {
        self.write(move |tx| {
            Box::pin(async move {
                let keys = read(&mut tx.connection, tx.now).await?;
                let over = keys.forgettable();
                for kid in &over {
                    sqlx::query("DELETE FROM auth_signing_keys WHERE kid = ?")
                        .bind(*kid)
                        .execute(&mut tx.connection)
                        .await
                        .map_err(failed)?;
                }
                Ok(over.len().try_into().unwrap_or(u64::MAX))
            })
        })
        .await
    }
}

async fn revoke(
    tx: &mut Tx,
    kid: String,
    replacement: Option<NewSigningKey>,
) -> Result<Committed<RevokeKeyOutcome>, StoreError> {
    let keys = read(&mut tx.connection, tx.now).await?;
    let known = keys.keys.iter().find(|key| key.kid == kid);
    let (Some(key), Ok(thumbprint)) = (known, kid.parse()) else {
        return Ok(Committed::quiet(RevokeKeyOutcome::Unknown));
    };
    let target = Target::SigningKey { thumbprint };
    if key.revoked_at.is_some() {
        return Ok(Committed {
            value: RevokeKeyOutcome::Already,
            revoked: vec![Revocation::of_key(thumbprint)],
        });
    }
    sqlx::query("UPDATE auth_signing_keys SET revoked_at = ? WHERE kid = ?")
        .bind(tx.now.unix_micros())
        .bind(&kid)
        .execute(&mut tx.connection)
        .await
        .map_err(failed)?;
    if let Some(replacement) = replacement.filter(|_| keys.turn_at(tx.now) == Some(&kid)) {
        insert(tx, &replacement, tx.now).await?;
    }
    Ok(Committed {
        value: RevokeKeyOutcome::Revoked,
        revoked: vec![log::append(tx, target).await?],
    })
}

async fn insert(tx: &mut Tx, key: &NewSigningKey, active_at: Timestamp) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO auth_signing_keys (turn, kid, algorithm, private, created_at, active_at) \
         SELECT coalesce(max(turn), 0) + 1, ?, ?, ?, ?, ? FROM auth_signing_keys",
    )
    .bind(&key.kid)
    .bind(&key.algorithm)
    .bind(key.private.as_bytes().to_vec())
    .bind(tx.now.unix_micros())
    .bind(active_at.unix_micros())
    .execute(&mut tx.connection)
    .await
    .map_err(failed)?;
    Ok(())
}

async fn read(
    executor: impl SqliteExecutor<'_>,
    now: Timestamp,
) -> Result<SigningKeys, StoreError> {
    let rows = sqlx::query(ALL).fetch_all(executor).await.map_err(failed)?;
    let head = rows.first().ok_or_else(|| corrupt("store"))?;
    let keys = rows.iter().filter_map(|row| sealed_key(row).transpose());
    Ok(SigningKeys {
        keys: keys.collect::<Result<_, _>>()?,
        max_token_lifetime: settings::lifetime(head)?,
        now,
    })
}

/// Nothing for the row that only has the settings.
fn sealed_key(row: &SqliteRow) -> Result<Option<SealedKey>, StoreError> {
    let Some(kid) = get(row, "kid")? else {
        return Ok(None);
    };
    let revoked_at: Option<i64> = get(row, "revoked_at")?;
    Ok(Some(SealedKey {
        kid,
        algorithm: get(row, "algorithm")?,
        private: Sealed::from_bytes(get(row, "private")?),
        created_at: time(row, "created_at")?,
        active_at: time(row, "active_at")?,
        revoked_at: revoked_at.map(Timestamp::from_unix_micros),
    }))
}
