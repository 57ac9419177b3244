//! Signing keys: made, sealed, shared by all instances through the store, and
//! changed in time.
//!
//! All that an instance does with them follows from the rows it has read and
//! the store's clock, so instances agree without speaking to each other: who
//! signs, whom they believe, and when the next key is due.

mod held;
mod origin;
mod own;
mod rotation;
mod sealing;
mod task;

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use async_trait::async_trait;
use auth_core::key::{Backend, KeyEpoch, KeySet, KeySource, SigningKey, Unavailable};
use auth_core::revocation::{Revocation, RevocationView};
use auth_core::{
    Clock, EntropyError, FlooredClock, Monotonic, Now, RootSecrets, SecureRandom, Timestamp,
};
use auth_store::{
    AddKeyOutcome, KeyState, NewSigningKey, SealedKey, SigningKeyStore, SigningKeys, Store,
    StoreErrorKind,
};
use tokio::sync::{Mutex, MutexGuard};

pub(crate) use origin::Keys;
pub use own::OwnKeys;
pub use rotation::KeyRotation;
pub(crate) use sealing::KeyLoadError;
pub(crate) use task::Tending;

use held::{Held, HeldKey, Present};

/// The signing keys of the store.
pub(crate) struct StoredKeys {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) roots: RootSecrets,
    pub(crate) random: Arc<dyn SecureRandom>,
    pub(crate) clock: Arc<FlooredClock>,
    pub(crate) view: RevocationView,
    pub(crate) rotation: KeyRotation,
    /// What signs, and verifies by them, here. The rows say nothing of it:
    /// another instance may use another.
    pub(crate) backend: Backend,
    state: RwLock<State>,
    epoch: KeyEpoch,
    /// Held while the keys are asked for, so that an older answer never
    /// replaces a newer one.
    asked: Mutex<Asked>,
}

#[derive(Default)]
struct State {
    held: Held,
    present: Present,
}

/// When the keys were last asked for on behalf of a caller, and whether there
/// was an answer.
struct Asked {
    at: Option<Monotonic>,
    outcome: Result<(), Unavailable>,
}

/// Made-up key ids cause one look at the store in this time, and no more.
const COOL_DOWN: Duration = Duration::from_secs(10);

/// So does issuing while no key can sign.
const SIGNER_COOL_DOWN: Duration = Duration::from_secs(1);

/// How often a key is proposed that others overtake.
const ATTEMPTS: usize = 3;

impl StoredKeys {
    pub(crate) fn new(
        store: Arc<dyn Store>,
        roots: RootSecrets,
        random: Arc<dyn SecureRandom>,
        clock: Arc<FlooredClock>,
        view: RevocationView,
        rotation: KeyRotation,
        backend: Backend,
    ) -> Self {
        Self {
            store,
            roots,
            random,
            clock,
            view,
            rotation,
            backend,
            state: RwLock::default(),
            epoch: KeyEpoch::new(),
            asked: Mutex::new(Asked {
                at: None,
                outcome: Ok(()),
            }),
        }
    }

    /// Unseals the store's keys, making the first if there is none, and seals
    /// anew what is under another root secret than the active one.
    pub(crate) async fn load(&self) -> Result<(), KeyLoadError> {
        let mut asked = self.asked.lock().await;
        let read = self.tend(&mut asked).await?;
        for (sealed, life) in read.keys.iter().zip(read.lives()) {
            // Who is not needed again need not be opened again.
            if life.state(read.now).verifies()
                && let Err(error) = self.seal_anew(sealed).await
            {
                tracing::warn!(%error, kid = sealed.kid, "a signing key stays under its root secret");
            }
        }
        asked.at = Some(self.clock.now().mono);
        Ok(())
    }

    async fn seal_anew(&self, sealed: &SealedKey) -> Result<(), KeyLoadError> {
        if let Some(anew) = sealing::seal_anew(sealed, &self.roots, self.backend, &*self.random)? {
            let keys = self.keys_of_store()?;
            let is_mine = keys
                .reseal_signing_key(&sealed.kid, &sealed.private, &anew)
                .await?;
            tracing::info!(kid = sealed.kid, is_mine, "signing key sealed anew");
        }
        Ok(())
    }

    /// The key that signs new tokens; asks for it if it is not known for sure.
    ///
    /// # Errors
    /// [`Unavailable`] when no key signs, or the keys could not be read for so
    /// long that others may not believe the one that did.
    pub(crate) async fn signer(&self) -> Result<Arc<SigningKey>, Unavailable> {
        if let Some(signer) = self.signer_now() {
            return Ok(signer);
        }
        let mut asked = self.asked.lock().await;
        if let Some(signer) = self.signer_now() {
            return Ok(signer);
        }
        let now = self.clock.now().mono;
        if asked.at.is_some_and(|at| now.since(at) < SIGNER_COOL_DOWN) && asked.outcome.is_err() {
            return Err(Unavailable);
        }
        let outcome = self.tend(&mut asked).await;
        *asked = self.asked_now(outcome.as_ref().err());
        self.signer_now().ok_or(Unavailable)
    }

    fn signer_now(&self) -> Option<Arc<SigningKey>> {
        self.settle();
        let state = self.read();
        // A key that was stored since the last reading signs `lead` later at
        // the earliest; until then nobody has retired the one that is known.
        let is_fresh = self.now().since(state.held.read_at) <= self.rotation.lead;
        state.present.signer.clone().filter(|_| is_fresh)
    }

    /// Reads the keys again, and stores one if one is due.
    pub(crate) async fn look_after(&self) -> Result<(), KeyLoadError> {
        let mut asked = self.asked.lock().await;
        self.tend(&mut asked).await.map(drop)
    }

    /// Reads the keys again, and all there is to say about them.
    pub(crate) async fn list<T>(
        &self,
        about: impl Fn(&HeldKey, Timestamp) -> T,
    ) -> Result<Vec<T>, KeyLoadError> {
        let mut asked = self.asked.lock().await;
        let now = self.reload(&mut asked).await?.now;
        Ok(self
            .read()
            .held
            .keys
            .iter()
            .map(|held| about(held, now))
            .collect())
    }

    /// Stores the next key, unless there is one.
    pub(crate) async fn rotate(&self) -> Result<(), KeyLoadError> {
        let mut asked = self.asked.lock().await;
        let mut read = self.tend(&mut asked).await?;
        for _ in 0..ATTEMPTS {
            let is_next = |life: &auth_store::KeyLife| life.state(read.now) == KeyState::Next;
            if read.lives().iter().any(is_next) {
                return Ok(());
            }
            read = self.add(&mut asked, read, self.rotation.lead).await?;
        }
        Ok(())
    }

    /// Neither signs nor verifies with a key from here on, whether the store
    /// can be read again or not.
    pub(crate) fn revoke(&self, kid: &str) {
        let mut state = self.write();
        let now = self.now();
        state.held.revoke(kid, now);
        self.present(&mut state);
    }

    /// Removes keys that nobody needs, if there are some.
    async fn forget(&self) -> Result<(), KeyLoadError> {
        const DAY: Duration = Duration::from_secs(24 * 60 * 60);
        let long_ago = self.now() - DAY;
        let is_over = |life: &auth_store::KeyLife| life.state(long_ago) == KeyState::Expired;
        if self.read().held.lives().iter().any(is_over) {
            self.keys_of_store()?.forget_signing_keys().await?;
        }
        Ok(())
    }

    async fn tend(&self, asked: &mut MutexGuard<'_, Asked>) -> Result<SigningKeys, KeyLoadError> {
        let mut read = self.reload(asked).await?;
        for _ in 0..ATTEMPTS {
            let Some(signs_in) = self.rotation.wants(&read.lives(), read.now) else {
                break;
            };
            read = self.add(asked, read, signs_in).await?;
        }
        Ok(read)
    }

    /// Draws a key, sealed, that nobody has stored yet.
    pub(crate) fn new_key(&self) -> Result<NewSigningKey, EntropyError> {
        sealing::new_key(self.backend, &self.roots, &*self.random)
    }

    /// Proposes a key after those that were read. Others may do the same; the
    /// store lets one win, and then it is everybody's.
    async fn add(
        &self,
        asked: &mut MutexGuard<'_, Asked>,
        read: SigningKeys,
        signs_in: Duration,
    ) -> Result<SigningKeys, KeyLoadError> {
        let key = self.new_key()?;
        let after = read.keys.last().map(|key| key.kid.as_str());
        let added = self
            .keys_of_store()?
            .add_signing_key(&key, after, signs_in)
            .await;
        match added {
            Ok(AddKeyOutcome::Stored) => tracing::info!(
                target: "auth::events",
                event = "signing_key_added",
                kid = key.kid,
                signs_in = signs_in.as_secs(),
            ),
            Ok(_) => {}
            // What is stored now says what became of it.
            Err(error) if error.kind() == StoreErrorKind::OutcomeUnknown => {}
            Err(error) => return Err(error.into()),
        }
        self.reload(asked).await
    }

    /// Reads the keys. The lock is held, or an older answer could come last.
    async fn reload(&self, _: &mut MutexGuard<'_, Asked>) -> Result<SigningKeys, KeyLoadError> {
        let read = self.keys_of_store()?.signing_keys().await?;
        self.clock.observe(read.now);
        for key in read.keys.iter().filter(|key| key.revoked_at.is_some()) {
            if let Ok(thumbprint) = key.kid.parse() {
                self.view.raise(&Revocation::of_key(thumbprint), read.now);
            }
        }
        let mut held = Held::new(&read, &self.roots, self.backend, &self.read().held)?;
        // As time goes on there are fewer: what is a set now will be one then.
        held.at(read.now)?;
        let mut state = self.write();
        // What was revoked while the store was being asked stays so.
        for known in &state.held.keys {
            if let Some(at) = known.life.revoked_at {
                held.revoke(&known.kid, at);
            }
        }
        state.held = held;
        self.present(&mut state);
        Ok(read)
    }

    /// Makes what counts now, if it is another thing than before.
    fn present(&self, state: &mut State) {
        // What is no set was not taken over from the store; nobody is better
        // than the wrong ones.
        let present = state.held.at(self.now()).unwrap_or_default();
        let is_same = present.is(&state.present);
        state.present = present;
        if !is_same {
            let changes_at = state.present.changes_at;
            self.epoch.advance(changes_at.map(Timestamp::unix_micros));
        }
    }

    /// Lets count what counts now. Without a lock while nothing has changed.
    fn settle(&self) -> u64 {
        self.settle_at(|| self.now())
    }

    fn settle_at(&self, now: impl Fn() -> Timestamp) -> u64 {
        let current = || self.epoch.current(|| now().unix_micros());
        current().unwrap_or_else(|| {
            let mut state = self.write();
            if current().is_none() {
                self.present(&mut state);
            }
            current().unwrap_or_default()
        })
    }

    /// The store's clock. It owes nothing to the wall clock, and never goes
    /// back.
    fn now(&self) -> Timestamp {
        self.clock.store_time().unwrap_or_default()
    }

    fn keys_of_store(&self) -> Result<&dyn SigningKeyStore, KeyLoadError> {
        self.store.signing_key_store().ok_or(KeyLoadError::None)
    }

    fn asked_now(&self, failure: Option<&KeyLoadError>) -> Asked {
        if let Some(error) = failure {
            tracing::warn!(%error, "signing keys cannot be read");
        }
        Asked {
            at: Some(self.clock.now().mono),
            outcome: failure.map_or(Ok(()), |_| Err(Unavailable)),
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl KeySource for StoredKeys {
    fn keys(&self) -> KeySet {
        self.settle();
        self.read().present.set.clone()
    }

    fn epoch(&self) -> u64 {
        self.settle()
    }

    /// The SDK's verifier goes by the same clock.
    fn epoch_at(&self, now: Now) -> u64 {
        self.settle_at(|| self.clock.store_time_at(now.mono).unwrap_or_default())
    }

    async fn refresh(&self, unknown: &str) -> Result<(), Unavailable> {
        // A key that is over stays so: nobody need be asked.
        let is_known = || self.read().held.find(unknown).is_some();
        if is_known() {
            return Ok(());
        }
        let mut asked = self.asked.lock().await;
        let now = self.clock.now().mono;
        // Whoever held the lock may have brought the key, or the news that
        // nobody can ask.
        if is_known() {
            return Ok(());
        }
        if asked.at.is_some_and(|at| now.since(at) < COOL_DOWN) {
            return asked.outcome;
        }
        let outcome = self.reload(&mut asked).await;
        *asked = self.asked_now(outcome.as_ref().err());
        asked.outcome
    }
}

impl fmt::Debug for StoredKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredKeys")
            .field("keys", &self.read().present.set)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
