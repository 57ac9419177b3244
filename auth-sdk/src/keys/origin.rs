//! Whose the signing keys are: the SDK's, or the application's own.

use std::sync::Arc;

use auth_core::key::{KeySet, KeySource, SigningKey, Unavailable};

use super::{StoredKeys, Tending};
use crate::error::AuthError;

/// The signing keys of an [`Auth`](crate::Auth).
pub(crate) enum Keys {
    /// The SDK's, in the store.
    Stored {
        keys: Arc<StoredKeys>,
        tending: Tending,
    },
    /// The application's. They do not change.
    Own {
        signer: Arc<SigningKey>,
        set: KeySet,
    },
}

impl Keys {
    /// The key that signs new tokens.
    ///
    /// # Errors
    /// [`Unavailable`] when the store's keys would have to be read and cannot.
    pub(crate) async fn signer(&self) -> Result<Arc<SigningKey>, Unavailable> {
        match self {
            Self::Stored { keys, .. } => keys.signer().await,
            Self::Own { signer, .. } => Ok(signer.clone()),
        }
    }

    /// Those that verify.
    pub(crate) fn set(&self) -> KeySet {
        match self {
            Self::Stored { keys, .. } => keys.keys(),
            Self::Own { set, .. } => set.clone(),
        }
    }

    /// The SDK's.
    ///
    /// # Errors
    /// [`AuthError::OwnKeys`] when they are the application's.
    pub(crate) const fn stored(&self) -> Result<&Arc<StoredKeys>, AuthError> {
        match self {
            Self::Stored { keys, .. } => Ok(keys),
            Self::Own { .. } => Err(AuthError::OwnKeys),
        }
    }

    /// They are not looked after any more.
    pub(crate) fn end(&self) {
        if let Self::Stored { tending, .. } = self {
            tending.end();
        }
    }
}
