//! Attempts at passwords.

use async_trait::async_trait;
use auth_core::{AccountKey, TenantId, Timestamp};
use sqlx::sqlite::SqliteRow;

use super::error::failed;
use super::row::{get, time};
use super::user::by_identifier;
use super::writer::Tx;
use super::{SqliteStore, id};
use crate::error::StoreError;
use crate::sql::corrupt;
use crate::traits::{
    Attempt, AttemptFrom, AttemptStore, Budget, Charge, Reservation, Settlement, UserRecord,
};

pub(super) const FIND: &str = "\
    SELECT failures, wait_until, known_until, expires_at FROM auth_attempts \
    WHERE tenant_id = ? AND account = ? AND budget = ?";

const SAVE: &str = "\
    INSERT INTO auth_attempts \
        (tenant_id, account, budget, failures, wait_until, known_until, expires_at) \
    VALUES (?, ?, ?, ?, ?, ?, ?) \
    ON CONFLICT (tenant_id, account, budget) DO UPDATE SET \
        failures = excluded.failures, wait_until = excluded.wait_until, \
        known_until = excluded.known_until, expires_at = excluded.expires_at";

pub(super) const FORGET: &str = "\
    DELETE FROM auth_attempts WHERE (tenant_id, account, budget) IN \
        (SELECT tenant_id, account, budget FROM auth_attempts \
         WHERE expires_at < ? ORDER BY expires_at LIMIT 100)";

#[async_trait]
impl AttemptStore for SqliteStore {
    async fn reserve_attempt(
        &self,
        attempt: &Attempt,
    ) -> Result<(Reservation, Option<UserRecord>), StoreError> {
        let attempt = attempt.clone();
        self.write(move |tx| Box::pin(async move { reserve(tx, &attempt).await }))
            .await
    }

    async fn settle_attempt(
        &self,
        attempt: &Attempt,
        charge: Charge,
        settlement: Settlement,
    ) -> Result<(), StoreError> {
        let attempt = attempt.clone();
        self.write(move |tx| {
            Box::pin(async move { settle(tx, &attempt, charge, settlement).await })
        })
        .await
    }

    async fn forget_attempts(
        &self,
        tenant: TenantId,
        account: &AccountKey,
    ) -> Result<(), StoreError> {
        let account = *account;
        self.write(move |tx| {
            Box::pin(async move {
                sqlx::query("DELETE FROM auth_attempts WHERE tenant_id = ? AND account = ?")
                    .bind(id(tenant.as_uuid()))
                    .bind(account.as_bytes().to_vec())
                    .execute(&mut tx.connection)
                    .await
                    .map_err(failed)?;
                Ok(())
            })
        })
        .await
    }
}

async fn reserve(
    tx: &mut Tx,
    attempt: &Attempt,
) -> Result<(Reservation, Option<UserRecord>), StoreError> {
    let now = tx.now;
    sqlx::query(FORGET)
        .bind(now.unix_micros())
        .execute(&mut tx.connection)
        .await
        .map_err(failed)?;
    let record = by_identifier(
        &mut tx.connection,
        attempt.tenant,
        attempt.identifier.normalized(),
    )
    .await?;
    let mut account = Account { tx, attempt };
    let own_name = attempt.from.budget();
    let own = account.budget(&own_name).await?.at(now);
    let others = account.budget(AttemptFrom::OTHERS).await?.at(now);
    let reservation = Reservation::decide(&attempt.from, &own, &others, now);
    if let Reservation::Reserved(charge) = reservation {
        let exists = record.is_some();
        let own = own.charged(now, attempt.from.kept(exists));
        account.save(&own_name, &own).await?;
        if charge.others {
            let others = others.charged(now, AttemptFrom::others_kept(exists));
            account.save(AttemptFrom::OTHERS, &others).await?;
        }
    }
    Ok((reservation, record))
}

async fn settle(
    tx: &mut Tx,
    attempt: &Attempt,
    charge: Charge,
    how: Settlement,
) -> Result<(), StoreError> {
    let now = tx.now;
    let mut account = Account { tx, attempt };
    let own_name = attempt.from.budget();
    let own = account.budget(&own_name).await?;
    let own = own.settled(how, now, attempt.from.is_network());
    account.save(&own_name, &own).await?;
    if charge.others {
        let others = account.budget(AttemptFrom::OTHERS).await?;
        let others = others.settled(how, now, false);
        account.save(AttemptFrom::OTHERS, &others).await?;
    }
    Ok(())
}

/// The budgets of the account that an attempt is at.
struct Account<'a> {
    tx: &'a mut Tx,
    attempt: &'a Attempt,
}

impl Account<'_> {
    async fn budget(&mut self, name: &str) -> Result<Budget, StoreError> {
        let row = sqlx::query(FIND)
            .bind(id(self.attempt.tenant.as_uuid()))
            .bind(self.attempt.account().as_bytes().to_vec())
            .bind(name.to_owned())
            .fetch_optional(&mut self.tx.connection)
            .await
            .map_err(failed)?;
        row.as_ref().map_or(Ok(Budget::default()), budget)
    }

    async fn save(&mut self, name: &str, budget: &Budget) -> Result<(), StoreError> {
        let micros = |time: Timestamp| time.unix_micros();
        sqlx::query(SAVE)
            .bind(id(self.attempt.tenant.as_uuid()))
            .bind(self.attempt.account().as_bytes().to_vec())
            .bind(name.to_owned())
            .bind(i64::from(budget.failures))
            .bind(micros(budget.wait_until))
            .bind(micros(budget.known_until))
            .bind(micros(budget.expires_at))
            .execute(&mut self.tx.connection)
            .await
            .map_err(failed)?;
        Ok(())
    }
}

fn budget(row: &SqliteRow) -> Result<Budget, StoreError> {
    let failures: i64 = get(row, "failures")?;
    Ok(Budget {
        failures: u32::try_from(failures).map_err(|_| corrupt("failures"))?,
        wait_until: time(row, "wait_until")?,
        known_until: time(row, "known_until")?,
        expires_at: time(row, "expires_at")?,
    })
}
