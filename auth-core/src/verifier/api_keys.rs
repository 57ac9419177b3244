//! API keys, beside tokens: the same header, the same identity.

use std::sync::Arc;

use super::trusted::{Revocations, TrustedIssuer};
use super::{Verifier, VerifyError};
use crate::api_key::{ApiKeyError, ApiKeyLookup, ApiKeyPrefix, KnownApiKey, PresentedApiKey};
use crate::identity::Identity;
use crate::jwt::Claims;
use crate::key::Unavailable;
use crate::revocation::{Anchor, RevocationView};

/// Which credentials are API keys, and where they are looked up.
#[derive(Clone, Debug)]
pub(super) struct ApiKeys {
    pub(super) prefix: ApiKeyPrefix,
    pub(super) lookup: Arc<dyn ApiKeyLookup>,
}

/// How often a key is looked up for one request: again when what was read is
/// older than what this process already knows of its user or tenant.
const LOOK_UPS: usize = 2;

impl ApiKeys {
    /// What can be said of a credential without I/O: that it is none of ours,
    /// or that it is revoked.
    pub(super) fn read(
        &self,
        credential: &str,
        own: &TrustedIssuer,
    ) -> Result<PresentedApiKey, VerifyError> {
        let presented =
            PresentedApiKey::read(credential, &self.prefix).map_err(ApiKeyError::from)?;
        let key = presented.id();
        if own
            .view()
            .is_some_and(|view| view.revokes(&Anchor::ApiKey { key }))
        {
            return Err(VerifyError::Revoked);
        }
        Ok(presented)
    }
}

impl Verifier {
    /// Decides over an API key by what its look-up says now.
    pub(super) async fn confirm_api_key(
        &self,
        presented: &PresentedApiKey,
    ) -> Result<Arc<Identity>, VerifyError> {
        let own = &self.shared.own;
        let keys = self.shared.api_keys.as_ref().ok_or(ApiKeyError::Unknown)?;
        for _ in 0..LOOK_UPS {
            let found = keys.lookup.find(presented.id()).await?;
            let mut known = found.ok_or(ApiKeyError::Unknown)?;
            match known.admits(presented, self.now().wall) {
                // Whatever a copy is good for, it is not to say "no".
                Err(refused @ (ApiKeyError::Secret | ApiKeyError::Inactive)) => {
                    let newer = keys.lookup.find_again(&known).await?;
                    known = newer.ok_or(refused)?;
                    known.admits(presented, self.now().wall)?;
                }
                judged => judged?,
            }
            // What was revoked while the answer was on its way is not in it.
            match own
                .view()
                .map_or(Freshness::Fresh, |view| freshness(view, &known))
            {
                Freshness::Fresh => {
                    // What cannot be written is a defect of what was looked up, and no "no".
                    let claims =
                        Claims::of_api_key(&known, &own.policy).map_err(|_| Unavailable)?;
                    keys.lookup.used(&known);
                    return Ok(Arc::new(Identity::of_api_key(claims, known.id)));
                }
                Freshness::Revoked => return Err(VerifyError::Revoked),
                Freshness::Stale => {}
            }
        }
        // The key is good, and everything around it changes while it is looked up.
        Err(Unavailable.into())
    }
}

enum Freshness {
    Fresh,
    /// User or tenant were changed since; the key may live on.
    Stale,
    Revoked,
}

fn freshness(view: &RevocationView, known: &KnownApiKey) -> Freshness {
    let [key, user, tenant] = known.anchors();
    if view.revokes(&key) {
        Freshness::Revoked
    } else if view.revokes(&user) || view.revokes(&tenant) {
        Freshness::Stale
    } else {
        Freshness::Fresh
    }
}

impl TrustedIssuer {
    fn view(&self) -> Option<&RevocationView> {
        match &self.revocations {
            Revocations::View(view) => Some(view),
            Revocations::None | Revocations::Unsaid => None,
        }
    }
}
