//! Attempts at passwords, in memory.

use std::collections::HashMap;

use async_trait::async_trait;
use auth_core::{AccountKey, TenantId, Timestamp};

use super::MemoryStore;
use crate::error::StoreError;
use crate::traits::{
    Attempt, AttemptFrom, AttemptStore, Budget, Charge, Reservation, Settlement, UserRecord,
};

/// All budgets of all accounts.
#[derive(Default)]
pub(super) struct Attempts {
    accounts: HashMap<(TenantId, AccountKey), HashMap<String, Budget>>,
    /// The number of accounts at which forgotten ones are looked for again.
    sweep_at: usize,
}

const SWEEP_FROM: usize = 1024;

impl Attempts {
    fn reserve(&mut self, attempt: &Attempt, user_exists: bool, now: Timestamp) -> Reservation {
        self.sweep(now);
        let key = (attempt.tenant, attempt.account());
        let budgets = self.accounts.entry(key).or_default();
        let at = |name: &str| budgets.get(name).copied().unwrap_or_default().at(now);
        let (own_name, from) = (attempt.from.budget(), &attempt.from);
        let (own, others) = (at(&own_name), at(AttemptFrom::OTHERS));
        let reservation = Reservation::decide(from, &own, &others, now);
        if let Reservation::Reserved(charge) = reservation {
            budgets.insert(own_name, own.charged(now, from.kept(user_exists)));
            if charge.others {
                let kept = AttemptFrom::others_kept(user_exists);
                let others = others.charged(now, kept);
                budgets.insert(AttemptFrom::OTHERS.to_owned(), others);
            }
        }
        reservation
    }

    fn settle(&mut self, attempt: &Attempt, charge: Charge, how: Settlement, now: Timestamp) {
        let key = (attempt.tenant, attempt.account());
        let Some(budgets) = self.accounts.get_mut(&key) else {
            return;
        };
        if let Some(own) = budgets.get_mut(&attempt.from.budget()) {
            *own = own.settled(how, now, attempt.from.is_network());
        }
        if let Some(others) = budgets
            .get_mut(AttemptFrom::OTHERS)
            .filter(|_| charge.others)
        {
            *others = others.settled(how, now, false);
        }
    }

    /// Forgets what may be forgotten, each time the accounts have doubled.
    fn sweep(&mut self, now: Timestamp) {
        if self.accounts.len() < self.sweep_at.max(SWEEP_FROM) {
            return;
        }
        self.accounts.retain(|_, budgets| {
            budgets.retain(|_, budget| now < budget.expires_at);
            !budgets.is_empty()
        });
        self.sweep_at = self.accounts.len() * 2;
    }
}

#[async_trait]
impl AttemptStore for MemoryStore {
    async fn reserve_attempt(
        &self,
        attempt: &Attempt,
    ) -> Result<(Reservation, Option<UserRecord>), StoreError> {
        let (mut state, now) = self.lock();
        let name = (attempt.tenant, attempt.identifier.normalized().to_owned());
        let user = state.identifiers.get(&name);
        let record = user.and_then(|id| state.record(attempt.tenant, *id));
        let reservation = state.attempts.reserve(attempt, record.is_some(), now);
        Ok((reservation, record))
    }

    async fn settle_attempt(
        &self,
        attempt: &Attempt,
        charge: Charge,
        settlement: Settlement,
    ) -> Result<(), StoreError> {
        let (mut state, now) = self.lock();
        state.attempts.settle(attempt, charge, settlement, now);
        Ok(())
    }

    async fn forget_attempts(
        &self,
        tenant: TenantId,
        account: &AccountKey,
    ) -> Result<(), StoreError> {
        let (mut state, _) = self.lock();
        state.attempts.accounts.remove(&(tenant, *account));
        Ok(())
    }
}
