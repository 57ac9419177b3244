use std::fmt;

use async_trait::async_trait;

use super::charge::Charge;
use super::decision::Decision;

/// Counts, and says who has had enough.
///
/// # Contract
/// - Each charge is decided as [`Quota::decide`](super::Quota::decide) says, and stored in
///   one atomic step. Two steps let any number of requests at the same time through.
/// - Of one subject no more is ever allowed than its quota says. An implementation that
///   cannot reach what it counts with decides more strictly, or limits. One that allows
///   then is switched off by whoever can keep it from its store.
/// - Subjects are hashed under a key wherever they leave the process or are kept: they
///   are addresses and accounts.
/// - Memory is bounded, whoever invents subjects.
///
/// Something that has been charged is not given back: who gives up while waiting for an
/// answer may have been charged.
#[async_trait]
pub trait RateLimiter: fmt::Debug + Send + Sync + 'static {
    /// Charges each by itself, in one round trip where there is one, and gives as many
    /// decisions in their order.
    ///
    /// What one is limited by does not keep the others from being charged. Where that
    /// would let a stranger use up a victim's quota from a network that is limited
    /// already, ask for the network first, and for the account in a second call.
    async fn check_all(&self, charges: &[Charge<'_>]) -> Vec<Decision>;

    /// Charges one.
    async fn check(&self, charge: Charge<'_>) -> Decision {
        let decisions = self.check_all(&[charge]).await;
        decisions.first().copied().unwrap_or(Decision::Limited {
            retry_after: charge.limit().quota().window(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::throttle::{Limit, Quota};

    #[derive(Debug)]
    struct SaysNothing;

    #[async_trait]
    impl RateLimiter for SaysNothing {
        async fn check_all(&self, _: &[Charge<'_>]) -> Vec<Decision> {
            Vec::new()
        }
    }

    #[tokio::test]
    async fn one_who_says_nothing_has_not_allowed_anything() {
        let limiter: Arc<dyn RateLimiter> = Arc::new(SaysNothing);
        let limit = Limit::new("a", Quota::new(1, Duration::from_secs(1)).unwrap());
        assert!(!limiter.check(Charge::new(&limit, b"b")).await.is_allowed());
    }
}
