//! A log, settings and keys that cannot be trusted.

use std::time::Duration;

use async_trait::async_trait;
use auth_core::Sealed;
use auth_core::revocation::{Cursor, LogError, LogPage, RevocationLog, Target};
use auth_store::{SealedKey, Settings, SettingsStore, SigningKeyStore, StoreError};

use super::{Flaw, Flawed, shorten};

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

#[async_trait]
impl SigningKeyStore for Flawed {
    async fn signing_keys(&self) -> Result<Vec<SealedKey>, StoreError> {
        self.connect().await?;
        let stored = self.rows.lock().await.keys.clone();
        Ok(match self.flaw {
            Flaw::EveryKeyIsStored => stored,
            Flaw::LastKeyIsStored => stored.last().cloned().into_iter().collect(),
            Flaw::KeyIsCut => {
                let cut = |key: SealedKey| {
                    let bytes = key.private.as_bytes().iter().copied().take(1000).collect();
                    SealedKey {
                        private: Sealed::from_bytes(bytes),
                        ..key
                    }
                };
                self.inner
                    .signing_keys()
                    .await?
                    .into_iter()
                    .map(cut)
                    .collect()
            }
            _ => self.inner.signing_keys().await?,
        })
    }

    async fn store_first_signing_key(&self, key: &SealedKey) -> Result<(), StoreError> {
        self.connect().await?;
        self.rows.lock().await.keys.push(key.clone());
        self.inner.store_first_signing_key(key).await
    }
}
