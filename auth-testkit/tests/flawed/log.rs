//! A log and settings that cannot be trusted.

use std::time::Duration;

use async_trait::async_trait;
use auth_core::revocation::{Cursor, LogError, LogPage, Revocation, RevocationLog, Target};
use auth_store::{Settings, SettingsStore, StoreError};

use super::api_keys::is_of_api_key;
use super::{DAY, Flaw, Flawed, shorten};

#[async_trait]
impl RevocationLog for Flawed {
    async fn read_log(&self, after: &Cursor) -> Result<LogPage, LogError> {
        self.connect().await?;
        let mut page = self.inner.read_log(after).await?;
        let all = self.inner.read_log(&Cursor::start()).await?;
        match self.flaw {
            Flaw::LogForgetsUsers => page
                .rows
                .retain(|row| !matches!(row.target, Target::User { .. })),
            Flaw::LogForgetsSessions => {
                page.rows
                    .retain(|row| !matches!(row.target, Target::Session { .. }));
            }
            Flaw::LogForgetsTenants => page
                .rows
                .retain(|row| !matches!(row.target, Target::Tenant { .. })),
            Flaw::LogForgetsApiKeys => page.rows.retain(|row| !is_of_api_key(&row.target)),
            Flaw::LogHidesTheLast if page.rows.len() > 1 => {
                page.rows.pop();
            }
            Flaw::LogIgnoresTheCursor => page = all,
            Flaw::LogTrustsForeignCursors => {
                let own = page
                    .next
                    .as_str()
                    .rsplit_once(':')
                    .map_or("", |(store, _)| store);
                if *after != Cursor::start() && !after.as_str().starts_with(own) {
                    page.rows.clear();
                }
            }
            Flaw::LogNumbersStartAgain => {
                let number: usize = after.as_str().parse().unwrap_or(0);
                page.next = Cursor::from_text(all.rows.len().to_string());
                page.rows = all.rows.into_iter().skip(number).collect();
            }
            Flaw::LogNeverForgets => {
                let mut rows = self.rows.lock().await;
                for row in &all.rows {
                    if !rows.log.contains(row) {
                        rows.log.push(*row);
                    }
                }
                if *after == Cursor::start() {
                    page.rows.clone_from(&rows.log);
                }
            }
            Flaw::RevokedKeyExpires => {
                let is_old = |row: &Revocation| {
                    matches!(row.target, Target::SigningKey { .. }) && self.age() > DAY * 365
                };
                page.rows.retain(|row| !is_old(row));
            }
            Flaw::MemoryIsShort => {
                page.rows.iter_mut().for_each(shorten);
                page.rows.retain(|row| page.now < row.expires_at);
            }
            _ => {}
        }
        Ok(page)
    }
}

#[async_trait]
impl SettingsStore for Flawed {
    async fn settings(&self, token_lifetime: Duration) -> Result<Settings, StoreError> {
        self.connect().await?;
        let mut settings = self.inner.settings(token_lifetime).await?;
        let mut rows = self.rows.lock().await;
        rows.lifetime = settings.max_token_lifetime;
        match self.flaw {
            Flaw::LifetimeFalls => settings.max_token_lifetime = token_lifetime,
            Flaw::IdentityIsPerHandle => settings.store = *self.identity.as_uuid(),
            _ => {}
        }
        Ok(settings)
    }
}
