//! Attempts that are counted wrong.

use std::time::Duration;

use async_trait::async_trait;
use auth_core::{AccountKey, Network, TenantId};
use auth_store::{
    Attempt, AttemptFrom, AttemptStore, Budget, Charge, Reservation, Settlement, StoreError,
    UserRecord, UserStatus,
};

use super::{Flaw, Flawed};

const FREE: Reservation = Reservation::Reserved(Charge {
    others: true,
    exhausted: false,
});

impl Flawed {
    fn counted_as(&self, attempt: &Attempt) -> Attempt {
        let mut attempt = attempt.clone();
        attempt.tenant = self.tenant(attempt.tenant);
        if self.has(Flaw::BudgetsAreOne) {
            attempt.from = AttemptFrom::Network(Network::UNKNOWN);
        }
        attempt
    }

    /// One more attempt; how many there were before.
    async fn count(&self, attempt: &Attempt) -> u32 {
        let account = attempt.account();
        let read = |rows: &super::Rows| rows.attempts.get(&account).copied().unwrap_or(0);
        let before = read(&*self.rows.lock().await);
        if self.has(Flaw::AttemptIsReadThenWritten) {
            self.meanwhile().await;
        }
        let mut rows = self.rows.lock().await;
        rows.attempts.insert(account, before + 1);
        before
    }
}

#[async_trait]
impl AttemptStore for Flawed {
    async fn reserve_attempt(
        &self,
        attempt: &Attempt,
    ) -> Result<(Reservation, Option<UserRecord>), StoreError> {
        self.connect().await?;
        let attempt = self.counted_as(attempt);
        let before = self.count(&attempt).await;
        let (mut reservation, mut record) = self.inner.reserve_attempt(&attempt).await?;
        let waits = matches!(reservation, Reservation::Wait(_));
        match self.flaw {
            Flaw::AttemptsNeverWait if waits => reservation = FREE,
            Flaw::WaitsDoNotGrow if waits => {
                reservation = Reservation::Wait(Duration::from_secs(1));
            }
            Flaw::AttemptIsReadThenWritten if before < Budget::FREE => reservation = FREE,
            Flaw::NobodyIsNotCounted if record.is_none() => reservation = FREE,
            Flaw::DisabledIsNotRead => {
                record = record.filter(|record| record.user.status == UserStatus::Active);
            }
            Flaw::AttemptsAreKeptForEver if before > 7 => {
                reservation = Reservation::Wait(Duration::from_secs(1));
            }
            _ => {}
        }
        if let Reservation::Reserved(charge) = &mut reservation {
            match self.flaw {
                Flaw::LimitIsNotKept => charge.exhausted = false,
                Flaw::NoNetworkIsKnown => charge.others = true,
                Flaw::KnownNetworkIsKnownForEver if before > 20 => charge.others = false,
                _ => {}
            }
        }
        Ok((reservation, record))
    }

    async fn settle_attempt(
        &self,
        attempt: &Attempt,
        charge: Charge,
        settlement: Settlement,
    ) -> Result<(), StoreError> {
        self.connect().await?;
        let attempt = self.counted_as(attempt);
        let settlement = match (self.flaw, settlement) {
            (Flaw::UnusedCounts, Settlement::Unused)
            | (Flaw::SuccessClearsNothing, Settlement::Success) => return Ok(()),
            (Flaw::UnusedIsSuccess, Settlement::Unused) => Settlement::Success,
            (Flaw::SuccessClearsAll, Settlement::Success) => {
                let account = attempt.account();
                self.inner
                    .settle_attempt(&attempt, charge, settlement)
                    .await?;
                return self.inner.forget_attempts(attempt.tenant, &account).await;
            }
            _ => settlement,
        };
        self.inner
            .settle_attempt(&attempt, charge, settlement)
            .await
    }

    async fn forget_attempts(
        &self,
        tenant: TenantId,
        account: &AccountKey,
    ) -> Result<(), StoreError> {
        self.connect().await?;
        if self.has(Flaw::AttemptsAreNotForgotten) {
            return Ok(());
        }
        self.inner
            .forget_attempts(self.tenant(tenant), account)
            .await
    }
}
