//! Signing keys: made once, sealed, and shared by all instances through the
//! store.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use auth_core::key::{Algorithm, KeyEpoch, KeySet, KeySource, SigningKey, Unavailable};
use auth_core::{
    Clock, EntropyError, FlooredClock, Monotonic, RootSecrets, Sealed, SecureRandom, Timestamp,
    UnsealError,
};
use auth_store::{SealedKey, Store, StoreError};
use tokio::sync::Mutex;

/// The signing keys of the store.
pub(crate) struct StoredKeys {
    store: Arc<dyn Store>,
    roots: RootSecrets,
    clock: Arc<FlooredClock>,
    loaded: RwLock<Loaded>,
    epoch: KeyEpoch,
    /// Held while the keys are asked for.
    asked: Mutex<Asked>,
}

/// When the keys were last asked for, and whether there was an answer.
struct Asked {
    at: Monotonic,
    outcome: Result<(), Unavailable>,
}

#[derive(Clone)]
struct Loaded {
    set: KeySet,
    active: Arc<SigningKey>,
}

#[derive(Debug)]
pub(crate) enum KeyLoadError {
    None,
    ForeignRoot,
    Damaged,
    Entropy(EntropyError),
    Store(StoreError),
}

/// Made-up key ids cause one look at the store in this time, and no more.
const COOL_DOWN: Duration = Duration::from_secs(10);

impl StoredKeys {
    /// Unseals the store's keys, making the first if there is none.
    pub(crate) async fn load(
        store: Arc<dyn Store>,
        roots: &RootSecrets,
        random: &dyn SecureRandom,
        clock: Arc<FlooredClock>,
    ) -> Result<Self, KeyLoadError> {
        let keys = store.signing_key_store().ok_or(KeyLoadError::None)?;
        let mut sealed = keys.signing_keys().await?;
        if sealed.is_empty() {
            // Another instance may do the same; the store lets one key win.
            keys.store_first_signing_key(&new_key(roots, random)?)
                .await?;
            sealed = keys.signing_keys().await?;
        }
        let loaded = unseal(&sealed, roots)?;
        let asked = Mutex::new(Asked {
            at: clock.now().mono,
            outcome: Ok(()),
        });
        let roots = roots.clone();
        Ok(Self {
            store,
            roots,
            clock,
            loaded: RwLock::new(loaded),
            epoch: KeyEpoch::new(),
            asked,
        })
    }

    /// The key that signs new tokens.
    pub(crate) fn active(&self) -> Arc<SigningKey> {
        self.loaded().active
    }

    fn loaded(&self) -> Loaded {
        self.loaded
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

#[async_trait]
impl KeySource for StoredKeys {
    fn keys(&self) -> KeySet {
        self.loaded().set
    }

    fn epoch(&self) -> u64 {
        self.epoch.current(|| 0).unwrap_or_default()
    }

    async fn refresh(&self, unknown: &str) -> Result<(), Unavailable> {
        let mut asked = self.asked.lock().await;
        let now = self.clock.now().mono;
        // Whoever held the lock may have brought the key, or the news that
        // nobody can ask.
        if self.keys().contains(unknown) {
            return Ok(());
        }
        if now.since(asked.at) < COOL_DOWN {
            return asked.outcome;
        }
        let outcome = self.reload().await;
        *asked = Asked { at: now, outcome };
        outcome
    }
}

impl StoredKeys {
    async fn reload(&self) -> Result<(), Unavailable> {
        let keys = self.store.signing_key_store().ok_or(Unavailable)?;
        let sealed = keys.signing_keys().await.map_err(|error| {
            tracing::warn!(%error, "signing keys cannot be read");
            Unavailable
        })?;
        let loaded = unseal(&sealed, &self.roots).map_err(|error| {
            tracing::error!(?error, "stored signing keys cannot be used");
            Unavailable
        })?;
        let mut known = self.loaded.write().unwrap_or_else(PoisonError::into_inner);
        *known = loaded;
        self.epoch.advance(None);
        Ok(())
    }
}

fn new_key(roots: &RootSecrets, random: &dyn SecureRandom) -> Result<SealedKey, KeyLoadError> {
    let key = SigningKey::generate(random)?;
    let public = key.verifying_key();
    Ok(SealedKey {
        kid: public.kid().to_owned(),
        algorithm: public.algorithm().as_str().to_owned(),
        private: Sealed::seal(
            roots.active(),
            &place(public.kid()),
            key.expose().expose(),
            random,
        )?,
        created_at: Timestamp::default(),
    })
}

/// The newest key signs; all of them verify.
fn unseal(sealed: &[SealedKey], roots: &RootSecrets) -> Result<Loaded, KeyLoadError> {
    let keys = sealed
        .iter()
        .map(|key| unseal_one(key, roots))
        .collect::<Result<Vec<_>, _>>()?;
    let set = KeySet::new(keys.iter().map(|key| key.verifying_key().clone()))
        .map_err(|_| KeyLoadError::Damaged)?;
    let active = keys.into_iter().next_back().ok_or(KeyLoadError::Damaged)?;
    Ok(Loaded {
        set,
        active: Arc::new(active),
    })
}

fn unseal_one(sealed: &SealedKey, roots: &RootSecrets) -> Result<SigningKey, KeyLoadError> {
    let der = sealed
        .private
        .open(roots, &place(&sealed.kid))
        .map_err(|error| match error {
            UnsealError::UnknownRoot(_) => KeyLoadError::ForeignRoot,
            _ => KeyLoadError::Damaged,
        })?;
    let algorithm = Algorithm::from_name(&sealed.algorithm).ok_or(KeyLoadError::Damaged)?;
    let key = SigningKey::from_pkcs8(der.expose(), algorithm).map_err(|_| KeyLoadError::Damaged)?;
    if key.verifying_key().kid() == sealed.kid {
        Ok(key)
    } else {
        Err(KeyLoadError::Damaged)
    }
}

/// Binds a sealed key to the row it is in.
fn place(kid: &str) -> Vec<u8> {
    [b"auth signing key v1 ", kid.as_bytes()].concat()
}

impl From<StoreError> for KeyLoadError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<EntropyError> for KeyLoadError {
    fn from(error: EntropyError) -> Self {
        Self::Entropy(error)
    }
}

impl fmt::Debug for StoredKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredKeys")
            .field("keys", &self.loaded().set)
            .finish_non_exhaustive()
    }
}
