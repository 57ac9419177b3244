//! The way through the cache.

use std::sync::Arc;

use super::cache::TokenCache;
use super::vouched::Vouched;
use super::{Shared, VerifyError};
use crate::identity::Identity;

impl Shared {
    /// Judges a token, as far as the cache cannot.
    pub(super) fn judge_by(
        &self,
        cache: &dyn TokenCache,
        token: &str,
    ) -> Result<Arc<Identity>, VerifyError> {
        match cache.get(self.id, token) {
            Some(identity) if self.still_accepts(token, &identity) => {
                self.counters.hit();
                return Ok(identity);
            }
            Some(identity) => self.reject_hit(cache, token, &identity),
            None => self.counters.miss(),
        }
        let identity = self.judge(token)?;
        cache.insert(self.id, token, &identity);
        Ok(identity)
    }

    /// Whether judging `token` now would end as it did for `identity`. What a
    /// cache gives is nobody's word: it is compared, and what can have changed
    /// since is looked at again.
    fn still_accepts(&self, token: &str, identity: &Identity) -> bool {
        let accepts = |vouched: &Vouched| {
            let issuer = self.issuer(vouched.issuer())?;
            let accepts = vouched.is_alive(self.clock.now().wall)
                && vouched.finds_its_key(token, issuer)
                && vouched.stands(issuer);
            accepts.then_some(())
        };
        identity
            .vouched()
            .filter(|vouched| vouched.is_by(self.id) && vouched.is_of(token))
            .and_then(accepts)
            .is_some()
    }

    #[cold]
    fn reject_hit(&self, cache: &dyn TokenCache, token: &str, identity: &Arc<Identity>) {
        self.counters.rejected_hit();
        cache.remove(self.id, token, identity);
    }
}
