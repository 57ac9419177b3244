//! All API keys of one user at once.

use auth_core::UserId;

use crate::auth::Auth;
use crate::context::Context;
use crate::error::AuthError;

impl Auth {
    /// Revokes all API keys that a user has: for one whose account was taken
    /// over, since a log-out everywhere and a new password leave keys alone. Says
    /// how many that were; expired ones count.
    ///
    /// They are revoked one by one, not in one step. Each is dead in this process
    /// before the next one's turn comes, and all are when the call returns. A key
    /// that is made meanwhile may be left: log the user out everywhere, or reset
    /// the password, before. After an error some are revoked and some are not;
    /// call again.
    ///
    /// # Errors
    /// [`AuthError::NoApiKeys`], [`AuthError::Unavailable`].
    #[tracing::instrument(skip_all)]
    pub async fn revoke_api_keys_of(&self, cx: &Context, user: UserId) -> Result<u64, AuthError> {
        let mut after = None;
        let mut revoked = 0;
        loop {
            let page = self.api_keys(cx, Some(user), after).await?;
            for key in page.keys.iter().filter(|key| key.revoked_at.is_none()) {
                self.revoke_api_key(cx, user, key.id).await?;
                revoked += 1;
            }
            after = page.next;
            if after.is_none() {
                return Ok(revoked);
            }
        }
    }
}
