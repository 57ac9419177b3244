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
        match self.look_up(cache, token) {
            Found::Good(identity) => {
                self.counters.hit();
                return Ok(identity);
            }
            Found::Over(identity) => self.reject_hit(cache, token, &identity),
            Found::Nothing => self.counters.miss(),
        }
        let identity = self.judge(token)?;
        cache.insert(self.id, token, &identity);
        Ok(identity)
    }

    /// What a cache gives is nobody's word: it is compared, and what can have
    /// changed since is looked at again.
    fn look_up(&self, cache: &dyn TokenCache, token: &str) -> Found {
        let Some(identity) = cache.get(self.id, token) else {
            return Found::Nothing;
        };
        match identity.vouched() {
            Some(vouched) if vouched.is_by(self.id) && vouched.is_of(token) => {
                if self.still_accepts(token, vouched) {
                    Found::Good(identity)
                } else {
                    Found::Over(identity)
                }
            }
            // Somebody else's: theirs may be good, and stays.
            _ => Found::Nothing,
        }
    }

    /// Whether judging a token now would end as it did for what is vouched for.
    fn still_accepts(&self, token: &str, vouched: &Vouched) -> bool {
        let now = self.clock.now();
        self.issuer(vouched.issuer()).is_some_and(|issuer| {
            vouched.is_alive(now.wall)
                && vouched.finds_its_key(token, issuer, now)
                && vouched.stands(issuer)
        })
    }

    #[cold]
    fn reject_hit(&self, cache: &dyn TokenCache, token: &str, identity: &Arc<Identity>) {
        self.counters.rejected_hit();
        cache.remove(self.id, token, identity);
    }
}

enum Found {
    Good(Arc<Identity>),
    /// It was good.
    Over(Arc<Identity>),
    Nothing,
}
